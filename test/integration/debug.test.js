import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { APPS, VENV_PYTHON } from '../support/harness.js'
import { childProcesses } from '../support/processes.js'
import { Run, SCRIPT, allGone } from '../support/run.js'
import { TerminalRun } from '../support/terminal.js'

const PROMPT = /\(Pdb\) $/

const ARGS = ['--python', VENV_PYTHON, '--port', '0', '--debug']
const APP = ['debug_app:app', '--docroot', APPS]

/** An application that answers with `number`. */
const code = (before, within) => `${before}
async def app(scope, receive, send):
    if scope['type'] == 'http':
        ${within}
        await send({'type': 'http.response.start', 'status': 200, 'headers': []})
        await send({'type': 'http.response.body', 'body': str(number).encode()})
`

describe('node-asgi --debug', { timeout: 120_000 }, () => {
  const runs = []

  afterEach(() => Promise.all(runs.splice(0).map((run) => run.kill())))

  function open (command, options) {
    runs.push(new TerminalRun(command, options))
    return runs.at(-1)
  }

  /** Starts a server in a terminal. */
  async function serve (...more) {
    const run = open([process.execPath, SCRIPT, ...APP, ...ARGS, ...more])
    return { run, get: await getter(run) }
  }

  /** Starts a server without a terminal. */
  function serveElsewhere (...args) {
    const run = new Run([...APP, ...args])
    runs.push({
      async kill () {
        run.child.kill()
        await run.closed
        await run.allGone()
      }
    })
    return run
  }

  /** A folder with an application of its own. */
  function project (t, text) {
    const docroot = mkdtempSync(join(tmpdir(), 'node-asgi-debug-'))
    t.after(() => rmSync(docroot, { recursive: true }))
    const write = (text) => writeFileSync(join(docroot, 'main.py'), text)
    write(text)
    return { docroot, write }
  }

  async function getter (run) {
    const [, url] = await run.see(/Listening on (\S+)/)
    return async (path) => {
      const response = await fetch(url + path)
      return response.ok ? response.text() : response.status
    }
  }

  it('stops at breakpoint() in the terminal and goes on serving', async () => {
    const { run, get } = await serve('--workers', '4', '--timeout-hang', '0.2',
      '--timeout-request', '0.3')
    const answer = get('/breakpoint')
    await run.see(PROMPT)
    run.type('p secret + 1\r')
    await run.see(/^42\r$/m)
    await run.see(PROMPT)
    // Longer than the limits, which apply to nobody who debugs.
    await sleep(500)
    run.type('c\r')
    assert.equal(await answer, '42')
    assert.equal(await get('/'), '41')
    await run.see(/^answers 41\r$/m) // print() is not prefixed either
    run.type('\x03')
    assert.deepEqual(await run.ended, { exit: 0, echo: true })
  })

  it('prints the lines of the log before and after the debugger, not in it', async () => {
    const { run, get } = await serve()
    const answer = get('/breakpoint')
    await run.see(/logged before\r\n/)
    await run.see(/> \S+debug_app\.py\(\d+\)app\(\)\r\n/)
    await run.see(PROMPT)
    run.type('log_in_thread("logged meanwhile"); print(6 * 7)\r')
    const [, meanwhile] = await run.see(/\r\n([^]*)\(Pdb\) $/)
    assert.equal(meanwhile, '42\r\n')
    run.type('c\r')
    await run.see(/\] info: .*logged meanwhile\r\n/)
    assert.equal(await answer, '42')
  })

  for (const [path, left] of [['/thread', '41'], ['/set_trace', '41']]) {
    it(`stops at ${path}, and leaving the debugger ends the request only`, async () => {
      const { run, get } = await serve()
      for (let i = 0; i < 2; i++) {
        const answer = get(path)
        await run.see(PROMPT)
        run.type('q\r')
        assert.equal(await answer, 500)
        await run.see(/the debugger was left here[^]*debug_app\.py", line \d+, in /)
      }
      assert.equal(await get('/'), left)
    })
  }

  it('asks for input() of the application', async () => {
    const { run, get } = await serve()
    const answer = get('/input')
    await run.see(/number\? $/)
    run.type('7\r')
    assert.equal(await answer, '7')
  })

  for (const path of ['/breakpoint', '/thread']) {
    it(`^C at the prompt of ${path} stops everything, with the terminal in order`, async () => {
      const { run, get } = await serve()
      const answer = get(path).catch((error) => error)
      await run.see(PROMPT)
      run.type('\x03')
      assert.deepEqual(await run.ended, { exit: 0, echo: true })
      assert.match(run.shown, /SIGINT/)
      assert.notEqual(await answer, '42')
    })
  }

  it('a worker that is killed at the prompt leaves the terminal in order', async () => {
    const { run, get } = await serve()
    const answer = get('/breakpoint').catch((error) => error)
    await run.see(PROMPT)
    run.type('import os; os.kill(os.getpid(), 9)\r')
    await run.see(/SIGKILL/)
    assert.equal(await answer, 502)
    assert.equal(await get('/'), '41')
    run.type('shown\r')
    await run.see(/^shown\r$/m)
  })

  it('^Z stops all processes, and fg goes on at the prompt', async () => {
    const run = open(['bash', '--norc', '--noediting', '-i'], { env: { PS1: 'shell> ' } })
    await run.see(/shell> $/)
    run.type(`'${process.execPath}' '${SCRIPT}' ${[...APP, ...ARGS].join(' ')}\n`)
    const get = await getter(run)
    const answer = get('/breakpoint')
    await run.see(PROMPT)
    run.type('\x1a')
    await run.see(/Stopped[^]*shell> $/)
    run.type('echo the shell reads this\n')
    await run.see(/^the shell reads this\r$/m)
    await run.see(/shell> $/)
    run.type('fg\n')
    await run.see(/debug_app/)
    run.type('\r')
    await run.see(PROMPT)
    run.type('p secret + 1\r')
    await run.see(/^42\r$/m)
    await run.see(PROMPT)
    run.type('c\r')
    assert.equal(await answer, '42')
    run.type('\x03')
    await run.see(/shell> $/)
    run.type('exit\n')
    assert.deepEqual(await run.ended, { exit: 0, echo: true })
  })

  it('stops while the application is imported, however long that takes', async (t) => {
    const { docroot } = project(t, code('number = 41\nbreakpoint()', 'pass'))
    const run = open([process.execPath, SCRIPT, ...ARGS, '--docroot', docroot,
      '--timeout-startup', '0.3', '--preload'])
    await run.see(PROMPT)
    await sleep(500)
    run.type('number = 42\r')
    await run.see(PROMPT)
    run.type('c\r')
    const get = await getter(run)
    assert.equal(await get('/'), '42')
  })

  for (const [what, ...args] of [
    ['was started anew because of threads', '--env', 'PYTHONPATH={docroot}/site'],
    ['is confined', '--isolation', 'strict']
  ]) {
    it(`stops in a worker that ${what}`, async (t) => {
      const { docroot } = project(t, code('number = 41', 'breakpoint()'))
      mkdirSync(join(docroot, 'site'))
      writeFileSync(join(docroot, 'site/sitecustomize.py'), 'import threading, time\n' +
        'threading.Thread(target=time.sleep, args=[1000], daemon=True).start()\n')
      const run = open([process.execPath, SCRIPT, ...ARGS, '--docroot', docroot,
        ...args.map((arg) => arg.replace('{docroot}', docroot))])
      const get = await getter(run)
      const answer = get('/')
      await run.see(PROMPT)
      run.type('p number + 1\r')
      await run.see(/^42\r$/m)
      await run.see(PROMPT)
      run.type('c\r')
      assert.equal(await answer, '41')
      run.type('\x03')
      assert.deepEqual(await run.ended, { exit: 0, echo: true })
    })
  }

  it('ends with Node, however that ends', async () => {
    const { run, get } = await serve()
    const answer = get('/breakpoint').catch((error) => error)
    await run.see(PROMPT)
    const [node] = childProcesses(run.child.pid)
    process.kill(node, 'SIGKILL')
    assert.equal((await run.ended).exit, -9)
    await answer
    await allGone(run.mark)
  })

  it('shows its prompt in a Python without readline, too', async (t) => {
    const { docroot } = project(t, code('number = 41', 'breakpoint()'))
    writeFileSync(join(docroot, 'readline.py'), 'raise ImportError("there is none")')
    const run = open([process.execPath, SCRIPT, ...ARGS, '--docroot', docroot])
    const get = await getter(run)
    const answer = get('/')
    await run.see(PROMPT)
    run.type('c\n')
    assert.equal(await answer, '41')
  })

  it('a reload ends the debugger of the old worker', async (t) => {
    const { docroot, write } = project(t, code('number = 41', 'breakpoint()'))
    const run = open([process.execPath, SCRIPT, ...ARGS, '--docroot', docroot, '--reload'])
    const get = await getter(run)
    const answer = get('/').catch((error) => error)
    await run.see(PROMPT)
    write(code('number = 42', 'pass'))
    await run.see(/the debugger was left here/)
    await answer
    assert.equal(await get('/'), '42')
  })

  it('says without a terminal that breakpoint() will fail', async () => {
    const run = serveElsewhere(...ARGS)
    const response = await fetch(`http://127.0.0.1:${await run.port()}/breakpoint`)
    assert.equal(response.status, 500)
    await run.match('stderr', /--debug has no terminal/)
    await run.match('stderr', /RuntimeError: breakpoint\(\) .* not a terminal/)
  })

  it('is named by the error of breakpoint() without it', async () => {
    const run = serveElsewhere('--python', VENV_PYTHON, '--port', '0')
    const response = await fetch(`http://127.0.0.1:${await run.port()}/breakpoint`)
    assert.equal(response.status, 500)
    await run.match('stderr', /RuntimeError: breakpoint\(\) .*node-asgi serve --debug/)
  })
})
