/** What is found where: the targets, and paths that are relative to the working directory. */

import assert from 'node:assert/strict'
import {
  mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, describe, it } from 'node:test'

import { VENV_PYTHON, eventually, withPython } from '../support/harness.js'
import { Run, endRuns } from '../support/run.js'

/** An application that answers with the version in the module `release`, and with `here`. */
const APP = `
import here, os, release
async def app(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    body = f"{release.VERSION} {here.VERSION} {os.path.basename(os.getcwd())}"
    if scope["path"] == "/pid":
        body = str(os.getpid())
    await send({"type": "http.response.body", "body": body.encode()})
`

for (const appTarget of ['main', 'factory_app:create_app()']) {
  withPython(`the target ${appTarget} is served`, { appTarget }, async (python) => {
    assert.equal((await python.handleRequest({ url: '/' })).status, 200)
  })
}

withPython('a module alone can be preloaded', { appTarget: 'main', preload: true },
  async (python) => {
    assert.equal((await python.handleRequest({ url: '/' })).status, 200)
  })

describe('node-asgi in a directory', { timeout: 60_000 }, () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'node-asgi-paths-')))
  const current = join(root, 'current')
  const runs = []
  after(() => rmSync(root, { recursive: true }))
  afterEach(() => endRuns(runs))

  for (const version of ['v1', 'v2']) {
    for (const [name, text] of [
      ['app/main.py', APP], ['app/release.py', `VERSION = "${version}"\n`],
      ['lib/here.py', `VERSION = "lib of ${version}"\n`]
    ]) {
      mkdirSync(join(root, version, name, '..'), { recursive: true })
      writeFileSync(join(root, version, name), text)
    }
  }

  function deploy (version) {
    symlinkSync(version, join(root, 'next'))
    renameSync(join(root, 'next'), current)
  }

  async function serve (args, { PWD, cwd, ...env }) {
    const run = new Run(['--workers', '1', '--port', '0', '--python', VENV_PYTHON, ...args],
      { ...env, PWD }, cwd)
    runs.push(run)
    const url = `http://127.0.0.1:${await run.port()}/`
    return { run, get: async (path = '') => (await fetch(url + path)).text() }
  }

  it('a relative PYTHONPATH starts at the directory that Node runs in', async () => {
    const { get } = await serve(['main:app', '--docroot', 'app'],
      { cwd: join(root, 'v1'), PWD: join(root, 'v1'), PYTHONPATH: 'lib' })
    assert.equal(await get(), 'v1 lib of v1 app')
  })

  for (const [what, args, below] of [
    ['the working directory', [], 'app'], ['a relative docroot', ['--docroot', 'app'], '.']
  ]) {
    it(`after "cd current", --reload notices the switch: ${what}`, async () => {
      deploy('v1')
      const cwd = join(current, below)
      const { run, get } = await serve([...args, '--reload'],
        { cwd, PWD: cwd, PYTHONPATH: below === '.' ? 'lib' : '../lib' })
      assert.equal(await get(), 'v1 lib of v1 app')
      deploy('v2')
      await eventually(async () => assert.equal(await get(), 'v2 lib of v2 app'))
      const release = join(current, 'app/release.py')
      writeFileSync(release, 'VERSION = "v2 with a correction"\n')
      await eventually(async () => assert.equal(await get(), 'v2 with a correction lib of v2 app'))
      writeFileSync(release, 'VERSION = "v2"\n')
      assert.match(run.stderr, /\[node-asgi\] .*current.* changed: reloading/)
    })

    it(`after "cd current", a worker that is replaced keeps its release: ${what}`, async () => {
      deploy('v1')
      const cwd = join(current, below)
      const { run, get } = await serve(args,
        { cwd, PWD: cwd, PYTHONPATH: below === '.' ? 'lib' : '../lib' })
      const pid = Number(await get('pid'))
      deploy('v2')
      process.kill(pid, 'SIGKILL')
      await eventually(async () => assert.notEqual(Number(await get('pid')), pid))
      assert.equal(await get(), 'v1 lib of v1 app')
      run.child.kill('SIGHUP')
      await eventually(async () => assert.equal(await get(), 'v2 lib of v2 app'))
    })

    it(`after "cd current", a reload serves the release it leads to now: ${what}`, async () => {
      deploy('v1')
      const cwd = join(current, below)
      const { run, get } = await serve(args,
        { cwd, PWD: cwd, PYTHONPATH: below === '.' ? 'lib' : '../lib' })
      assert.equal(await get(), 'v1 lib of v1 app')
      deploy('v2')
      assert.equal(await get(), 'v1 lib of v1 app')
      run.child.kill('SIGHUP')
      await eventually(async () => assert.equal(await get(), 'v2 lib of v2 app'))
    })
  }
})
