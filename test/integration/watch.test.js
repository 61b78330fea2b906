// The option `watch` of a handler.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, watch, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { VENV_PYTHON, eventually, leakTest, startPython } from '../support/harness.js'
import { createLog } from '../support/fake-binding.js'

// Node keeps the descriptor of its first watcher.
watch(tmpdir()).close()

const SOON = 20_000
const INDEX = new URL('../../addon/lib/index.js', import.meta.url).href

const app = (answer) => `
async def app(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"${answer}"})
`

function withFolder (name, run) {
  leakTest(name, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'node-asgi-watch-'))
    const write = (file, text) => writeFileSync(join(folder, file), text)
    try {
      await run(folder, write)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }, 60_000)
}

const text = async (python) => (await python.handleRequest({ url: '/' })).text()

withFolder('a change reloads the application, and a mistake keeps the old one',
  async (docroot, write) => {
    write('main.py', app('one'))
    const python = startPython({ docroot, appTarget: 'main:app', watch: true })
    const reloads = []
    python.on('reload', ({ error }) => reloads.push(error?.code ?? 'ok'))
    assert.equal(await text(python), 'one')
    write('main.py', 'import nothing_of_that_name')
    await eventually(() => assert.deepEqual(reloads, ['ERR_APP_IMPORT']), SOON)
    assert.equal(await text(python), 'one')
    write('main.py', app('two'))
    await eventually(() => assert.deepEqual(reloads, ['ERR_APP_IMPORT', 'ok']), SOON)
    assert.equal(await text(python), 'two')
    await python.close()
  })

withFolder('an application that cannot start at first starts after a change',
  async (docroot, write) => {
    write('main.py', 'import nothing_of_that_name')
    const logger = createLog()
    const python = startPython({
      docroot, appTarget: 'main:app', watch: { folders: [docroot] }, logger
    })
    await assert.rejects(python.ready, { code: 'ERR_APP_IMPORT' })
    write('main.py', app('fixed'))
    await eventually(async () => assert.equal(await text(python), 'fixed'), SOON)
    await python.close()
  })

withFolder('a handler that watches does not keep Node running', async (docroot, write) => {
  write('main.py', app('one'))
  const program = `
    import { PythonHandler } from '${INDEX}'
    const python = new PythonHandler({ watch: true, workers: 1, python: '${VENV_PYTHON}' })
    console.log((await python.handleRequest({ url: '/' })).text())
    await new Promise((resolve) => setTimeout(resolve, 300))
  `
  const { stdout } = await promisify(execFile)(process.execPath,
    ['--input-type=module', '--eval', program], { cwd: docroot, timeout: 30_000 })
  assert.equal(stdout, 'one\n')
})
