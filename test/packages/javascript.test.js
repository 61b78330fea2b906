// The published JavaScript, which scripts/package makes: `import` and `require()`, types, entries.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import * as checkout from 'node-asgi'

import { VENV_PYTHON } from '../support/harness.js'
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

/** The files for bundlers, which know the condition `module`. */
const BUNDLED = ['addon/lib/index.bundled.mjs', 'test/support/extra-entry.bundled.mjs']

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
    const { type, exports } = JSON.parse(
      readFileSync(join(folder, 'node_modules/node-asgi/package.json'), 'utf8'))
    assert.equal(type, 'commonjs')
    assert.match(exports['.'].default.default, /[.]js$/)
  })

  it('gives `import` and require() the same classes, in all entries', async () => {
    await runIn(folder, {
      'same.cjs': `
        const assert = require('node:assert')
        const required = require('node-asgi')
        Promise.all([
          import('node-asgi'), import('node-asgi/extra'), import('node-asgi/fastify'),
          import('node-asgi/vite')
        ]).then(([imported, extra, fastify, vite]) => {
          assert.deepEqual({ ...imported }, { ...required })
          assert.equal(extra.Handler, required.PythonHandler)
          assert.equal(require('node-asgi/extra').Handler, required.PythonHandler)
          assert.equal(fastify.default, require('node-asgi/fastify').default)
          assert.equal(typeof fastify.default, 'function')
          assert.equal(vite.default, require('node-asgi/vite').default)
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
    const output = await runIn(folder, {}, [command, '--version'])
    const native = `native files +@node-asgi/\\S+ ${version}`
    assert.match(output, new RegExp(`^node-asgi +${version}\n${native}\n`))
  })

  it('was one line, which Node printed when an error was not caught', async () => {
    const program = "new (require('node-asgi').PythonHandler)({ workers: 'many' })"
    const { stderr } = await run(process.execPath, ['-e', program], { cwd: folder })
      .then(() => assert.fail('it has no error'), (error) => error)
    assert.match(stderr, /^InvalidOptionError: workers must be/m)
    const lines = stderr.split('\n')
    assert.ok(lines.every(({ length }) => length < 500), stderr.slice(0, 1000))
  })

  it('had no program for --processes', { timeout: 60_000 }, async (t) => {
    const { bin } = JSON.parse(
      readFileSync(join(folder, 'node_modules/node-asgi/package.json'), 'utf8'))
    const command = spawn(process.execPath, [join('node_modules/node-asgi', bin['node-asgi']),
      'main:app', '--docroot', apps, '--python', VENV_PYTHON, '--port', '0',
      '--processes', '2', '--workers', '2'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
    t.after(() => command.kill('SIGKILL'))
    const [line] = await once(createInterface(command.stdout), 'line')
    const [, address] = /^Listening on (\S+) .* in 2 processes$/.exec(line)
    assert.equal((await fetch(address)).status, 200)
    command.kill('SIGTERM')
    assert.deepEqual(await once(command, 'exit'), [0, null])
  })

  const PROGRAM = `
    import { PythonHandler, InvalidOptionError, type PythonHandlerOptions } from 'node-asgi'
    import { Handler } from 'node-asgi/extra'
    import plugin from 'node-asgi/fastify'
    import { fastify } from 'fastify'
    void fastify().register(plugin, { prefix: '/python', python: new PythonHandler() })
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

describe('a bundle', () => {
  let folder
  before(async () => { folder = await installPackage(EXTRA) })
  after(() => removePackage(folder))

  for (const name of ['index', 'extra-entry']) {
    it(`has a file that finds the installed package: ${name}`, async () => {
      const path = BUNDLED.find((each) => each.endsWith(`${name}.bundled.mjs`))
      const output = await runIn(folder, {
        'bundle.mjs': `${readFileSync(join(folder, 'node_modules/node-asgi', path), 'utf8')}
          process.stdout.write(typeof api)`
      }, ['bundle.mjs'])
      assert.equal(output, 'object')
    })
  }

  it('failed without a word about how to keep the package out of it', async () => {
    const code = readFileSync(join(folder, 'node_modules/node-asgi', BUNDLED[0]), 'utf8')
    const elsewhere = mkdtempSync(join(tmpdir(), 'node-asgi-bundle-'))
    try {
      const error = await runIn(elsewhere, { 'bundle.mjs': code }, ['bundle.mjs'])
        .then(() => assert.fail('it was loaded'), (failure) => failure.message)
      assert.match(error, /ERR_BUNDLED/)
      for (const fact of [
        '--external:node-asgi', "serverExternalPackages: ['node-asgi']", 'docs/bundlers.md'
      ]) assert(error.includes(fact), fact)
    } finally {
      removePackage(elsewhere)
    }
  })
})
