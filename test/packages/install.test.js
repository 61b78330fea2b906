// What a newcomer does, on a machine without a compiler: install the packages and serve a request.
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'

import { platformName } from '../../addon/lib/native/platform.js'
import { packageName as nameOf, root } from '../../scripts/package/platforms.js'
import { readTarballs, serveTarballs } from '../platforms/registry.js'

const packageName = nameOf(platformName())

const APP = `
from fastapi import FastAPI
app = FastAPI()
@app.get("/")
async def hello():
    return {"hello": "world"}
`

const PROGRAM = `
import { PythonHandler } from 'node-asgi'

const python = new PythonHandler({ appTarget: 'main:app' })
const response = await python.handleRequest({ url: '/' })
console.log(response.status, response.body.toString())
`

/** Everything on PATH. */
const PROGRAMS = {
  node: process.execPath,
  npm: which('npm'),
  sh: '/bin/sh',
  python3: execFileSync(join(root, '.venv/bin/python'),
    ['-c', 'import sys; print(sys._base_executable)'], { encoding: 'utf8' }).trim()
}

function which (name) {
  return execFileSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
}

describe('installing the packages', () => {
  let folder, bin, registry, main
  before(async () => {
    const tarballs = await readTarballs(join(root, 'dist'))
    main = tarballs.find(({ manifest }) => manifest.name === 'node-asgi')?.file
    assert(main, 'first run `npm run package`')
    registry = await serveTarballs(tarballs)
    bin = mkdtempSync(join(tmpdir(), 'node-asgi-bin-'))
    for (const [name, target] of Object.entries(PROGRAMS)) symlinkSync(target, join(bin, name))
  })
  after(() => {
    registry?.close()
    rmSync(bin, { recursive: true })
  })

  /** Runs a program in the folder, without anything else on PATH. */
  const run = async (command, ...args) => {
    const { NODE_OPTIONS, NODE_ASGI_BUILD, VIRTUAL_ENV, ...env } = process.env
    const { stdout } = await promisify(execFile)(command, args,
      { cwd: folder, env: { ...env, PATH: bin }, timeout: 300_000 })
    return stdout.trim()
  }
  const npm = (...args) => run(join(bin, 'npm'), ...args, `--@node-asgi:registry=${registry.url}`)
  const serve = () => run(join(bin, 'node'), 'server.mjs')
  const project = (t) => {
    folder = mkdtempSync(join(tmpdir(), 'node-asgi-newcomer-'))
    t.after(() => rmSync(folder, { recursive: true }))
  }

  it('needed a compiler, and headers of Boost and msgpack-c', async (t) => {
    project(t)
    const started = performance.now()
    const laps = []
    const lap = (name) =>
      laps.push(`${name} ${((performance.now() - started) / 1000).toFixed(1)} s`)
    await run(join(bin, 'python3'), '-m', 'venv', '.venv')
    await run('.venv/bin/python', '-m', 'pip', 'install', '--quiet', 'fastapi')
    lap('after pip')
    await npm('install', main)
    lap('after npm')
    writeFileSync(join(folder, 'main.py'), APP)
    writeFileSync(join(folder, 'server.mjs'), PROGRAM)
    // That it returns shows that the process has ended by itself.
    assert.equal(await serve(), '200 {"hello":"world"}')
    lap('after the first response')
    t.diagnostic(`from the empty folder: ${laps.join(', ')}`)
    assert.deepEqual(readdirSync(join(folder, 'node_modules/@node-asgi')),
      [packageName.split('/')[1]], 'npm has chosen the package of this platform')
  })

  it('without optional dependencies fails with the command that helps', async (t) => {
    project(t)
    await npm('install', '--omit=optional', main)
    writeFileSync(join(folder, 'load.mjs'), `
      import { PythonHandler } from 'node-asgi'
      try {
        new PythonHandler({ appTarget: 'main:app', python: ${JSON.stringify(PROGRAMS.python3)} })
      } catch (error) {
        console.log(JSON.stringify({ code: error.code, message: error.message }))
      }`)
    const load = async () => run(join(bin, 'node'), 'load.mjs')
    const { code, message } = JSON.parse(await load())
    assert.equal(code, 'ERR_BINDING_NOT_FOUND')
    assert(message.includes(packageName) && message.includes('--omit=optional'), message)

    const [, command] = /`npm (install [^`]+)`/.exec(message)
    await npm(...command.split(' '))
    writeFileSync(join(folder, 'main.py'), 'async def app(scope, receive, send): raise SystemExit')
    writeFileSync(join(folder, 'load.mjs'), `
      import { PythonHandler } from 'node-asgi'
      const python = new PythonHandler({
        appTarget: 'main:app', python: ${JSON.stringify(PROGRAMS.python3)}
      })
      await python.close()
      console.log('loaded')`)
    assert.equal(await load(), 'loaded')
  })

  it('names the package of another platform if only that is installed', async (t) => {
    project(t)
    await npm('install', '--omit=optional', main)
    const other = join(folder, 'node_modules/@node-asgi/darwin-arm64')
    mkdirSync(other, { recursive: true })
    writeFileSync(join(other, 'package.json'), '{ "version": "0.1.0" }')
    writeFileSync(join(folder, 'load.mjs'), `
      import { PythonHandler } from 'node-asgi'
      try { new PythonHandler() } catch (error) { console.log(error.message) }`)
    assert.match(await run(join(bin, 'node'), 'load.mjs'), /@node-asgi\/darwin-arm64 is installed/)
  })
})
