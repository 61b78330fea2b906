/** What the command line shows in a terminal: the commands run in a real one. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

import { VENV_PYTHON } from '../support/harness.js'
import { Run, endRuns } from '../support/run.js'

const TERMINAL = fileURLToPath(new URL('../support/terminal.py', import.meta.url))

const APP = `
import slow
from fastapi import FastAPI
app = FastAPI()
@app.get("/")
def read():
    raise ValueError("on purpose")
`

describe('node-asgi in a terminal', { timeout: 120_000 }, () => {
  let folder
  const runs = []

  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'node-asgi-terminal-')) })

  afterEach(async () => {
    await endRuns(runs, 'SIGTERM')
    rmSync(folder, { recursive: true })
  })

  function write (name, text) {
    writeFileSync(join(folder, name), text)
  }

  function start (args, env = {}) {
    const run = new Run(args, {
      NO_COLOR: undefined, FORCE_COLOR: undefined, TERM: 'xterm', ...env
    }, folder, [VENV_PYTHON, TERMINAL])
    runs.push(run)
    return run
  }

  const serve = (env) =>
    start(['--python', VENV_PYTHON, '--workers', '1', '--port', '0'], env)

  it('shows what is imported, what is served, and tracebacks without the frames of libraries',
    async () => {
      write('main.py', APP)
      write('slow.py', 'import time\ntime.sleep(2.5)\n')
      const run = serve()
      await run.match('stdout', /starting main:app: 2 s, importing slow/)
      const [, port] = await run.match('stdout', /Listening on \S*http:\/\/127\.0\.0\.1:(\d+)/)
      const [response] = await once(get({ port, host: '127.0.0.1' }), 'response')
      response.resume()
      await run.match('stdout', /… \d+ frames of .*starlette/)
      await run.match('stdout', /main\.py:7\S* in \S*read/)
      await run.match('stdout', /1\/1 workers ready · \d+ requests\/s/)
      assert.doesNotMatch(run.stdout, /node-asgi: importing/)
      run.child.kill('SIGINT')
      assert.equal(await run.closed, 0)
      // Each status is erased, so that the prompt of the shell gets a line of its own.
      const last = run.stdout.lastIndexOf('workers ready')
      assert(run.stdout.lastIndexOf('\r\x1b[2K') > last, run.stdout.slice(-200))
    })

  it('has no colours with NO_COLOR', async () => {
    write('main.py', 'import nothing_of_that_name\n')
    const run = serve({ NO_COLOR: '1' })
    assert.equal(await run.closed, 1)
    assert.match(run.stdout, /File ".*main\.py", line 1/)
    // eslint-disable-next-line no-control-regex
    assert.doesNotMatch(run.stdout, /\x1b\[\d*m/)
  })

  it('colours what check and routes print, and folds long tracebacks', async () => {
    write('main.py', 'import nothing_of_that_name\n')
    const run = start(['check', '--python', VENV_PYTHON, '--port', '0', '--workers', '1'])
    assert.equal(await run.closed, 1)
    // eslint-disable-next-line no-control-regex
    assert.match(run.stdout, /\x1b\[31m✗ packages/)
    assert.match(run.stdout, /main\.py:1/)
  })

  it('fits its help on the screen', async () => {
    const run = start(['--help'])
    assert.equal(await run.closed, 0)
    const lines = run.stdout.trimEnd().split('\n')
    assert(lines.length <= 23, run.stdout)
    for (const line of lines) assert(line.trimEnd().length <= 80, line)
  })

  it('prints plain lines on a pipe', async () => {
    write('main.py', APP)
    write('slow.py', '')
    const run = new Run(['--python', VENV_PYTHON, '--workers', '1', '--port', '0'], {}, folder)
    runs.push(run)
    const port = await run.port()
    const [response] = await once(get({ port, host: '127.0.0.1' }), 'response')
    response.resume()
    await run.match('stderr', /File ".*site-packages.*\n[^]*File ".*main\.py", line 7, in read/)
    // eslint-disable-next-line no-control-regex
    assert.doesNotMatch(run.stdout + run.stderr, /\x1b|\r|starting|workers ready|importing/)
  })
})
