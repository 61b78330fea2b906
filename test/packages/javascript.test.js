// The published JavaScript, which scripts/package makes: `import` and `require()`, types, entries.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import * as checkout from 'node-asgi'

import { installPackage, packIn, removePackage, runIn } from '../support/installed-package.js'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))
const tool = (name) => join(root, 'node_modules/.bin', name)
const apps = join(root, 'fixtures/apps')

/** An entry that the package does not have, to see that one line in `exports` is enough. */
const EXTRA = {
  './extra': {
    types: './test/support/extra-entry.d.ts',
    default: './test/support/extra-entry.js'
  }
}

describe('the published package', () => {
  let folder
  before(async () => { folder = await installPackage(EXTRA) })
  after(() => removePackage(folder))

  it('was refused by require(): it had ES modules only', async () => {
    const output = await runIn(folder, {
      'load.cjs': "process.stdout.write(Object.keys(require('node-asgi')).sort().join())"
    }, ['load.cjs'])
    assert.equal(output, Object.keys(checkout).sort().join())
    // Node 20.19 and later load ES modules with require(), earlier versions do not.
    const { exports } = JSON.parse(
      readFileSync(join(folder, 'node_modules/node-asgi/package.json'), 'utf8'))
    for (const [name, target] of Object.entries(exports)) {
      if (typeof target === 'object') assert.match(target.default.default, /[.]js$/, name)
    }
  })

  it('gives `import` and require() the same classes, in all entries', async () => {
    await runIn(folder, {
      'same.cjs': `
        const assert = require('node:assert')
        const required = require('node-asgi')
        Promise.all([import('node-asgi'), import('node-asgi/extra')]).then(([imported, extra]) => {
          assert.deepEqual({ ...imported }, { ...required })
          assert.equal(extra.Handler, required.PythonHandler)
          assert.equal(require('node-asgi/extra').Handler, required.PythonHandler)
          for (const [name, value] of Object.entries(required)) {
            assert.equal(value.name, name === 'Python' ? 'PythonHandler' : name)
          }
        })`
    }, ['same.cjs'])
  })

  it('answers requests', async () => {
    const output = await runIn(folder, {
      'serve.cjs': `
        const { PythonHandler } = require('node-asgi')
        const python = new PythonHandler({
          appTarget: 'echo_app:app', docroot: ${JSON.stringify(apps)}
        })
        python.handleRequest({ url: '/' })
          .then((response) => process.stdout.write(String(response.status)))
          .finally(() => python.close())`
    }, ['serve.cjs'])
    assert.equal(output, '200')
  })

  it('has a command line', async () => {
    const { bin, version } = JSON.parse(
      readFileSync(join(folder, 'node_modules/node-asgi/package.json'), 'utf8'))
    const command = join('node_modules/node-asgi', bin['node-asgi'])
    assert.equal(await runIn(folder, {}, [command, '--version']), `${version}\n`)
  })

  const PROGRAM = `
    import { PythonHandler, InvalidOptionError, type PythonHandlerOptions } from 'node-asgi'
    import { Handler } from 'node-asgi/extra'
    const options: PythonHandlerOptions = { docroot: '.' }
    const python: PythonHandler = new Handler(options)
    const { port }: { port: number } = { port: python.stats().workers.length }
    try { } catch (error) { if (error instanceof InvalidOptionError) error.option.length }
    // @ts-expect-error it has no such option
    new PythonHandler({ docrot: '.' })`
  const RESOLUTIONS = [
    { files: ['program.cts', 'program.mts'], module: 'nodenext', moduleResolution: 'nodenext' },
    { files: ['program.ts'], module: 'commonjs', moduleResolution: 'node10' },
    { files: ['program.ts'], module: 'esnext', moduleResolution: 'bundler' }
  ]
  for (const { files, ...options } of RESOLUTIONS) {
    it(`has types for TypeScript's resolution ${options.moduleResolution}`, async () => {
      const compilerOptions = {
        target: 'es2022',
        lib: ['es2022', 'esnext.disposable'],
        strict: true,
        skipLibCheck: true,
        noEmit: true,
        types: ['node'],
        ...options
      }
      await runIn(folder, {
        ...Object.fromEntries(files.map((file) => [file, PROGRAM])),
        'tsconfig.json': JSON.stringify({ compilerOptions, files })
      }, [tool('tsc'), '--project', 'tsconfig.json'])
    })
  }

  it('has no findings of publint and attw', async () => {
    const tarball = await packIn(folder)
    await run(tool('publint'), ['run', tarball, '--strict'])
    const { stdout } = await run(tool('attw'), [tarball, '--format', 'ascii', '--no-color'])
    assert.match(stdout, /No problems found/)
  })
})

describe('a bundle with the package inside', () => {
  let folder
  before(async () => { folder = await installPackage() })
  after(() => removePackage(folder))

  for (const file of ['index.js', 'index.mjs']) {
    it(`failed without a word about how to keep the package out: ${file}`, async (t) => {
      // What a bundler does: it moves the code to a place from where the package is not found.
      const moved = await installPackage()
      t.after(() => removePackage(moved))
      const code = readFileSync(join(folder, 'node_modules/node-asgi/addon/lib', file), 'utf8')
      removePackage(join(moved, 'node_modules'))
      const error = await runIn(moved, { [`bundle-${file}`]: code }, [`bundle-${file}`])
        .then(() => assert.fail('it was loaded'), (failure) => failure.message)
      assert.match(error, /ERR_BUNDLED/)
      for (const line of [
        '--external:node-asgi', "serverExternalPackages: ['node-asgi']", 'docs/bundlers.md'
      ]) assert(error.includes(line), line)
    })
  }
})
