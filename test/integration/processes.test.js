/** Several processes of Node: what the primary does when they serve, reload, end, and stop. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'

import WebSocket from 'ws'

import { makeCertificate } from '../support/certificate.js'
import { APPS, eventually } from '../support/harness.js'
import { childProcesses, isAlive, isPython } from '../support/processes.js'
import { Run, endRuns } from '../support/run.js'

const LIMIT = 60_000

/** @returns {Promise<{ status: number, text: string }>} */
async function fetchText (options) {
  const request = get({ host: '127.0.0.1', agent: false, ...options })
  const [response] = await once(request, 'response')
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  return { status: response.statusCode, text, headers: response.headers }
}

describe('node-asgi --processes', { timeout: 3 * LIMIT }, () => {
  let folder
  const runs = []

  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'node-asgi-processes-')) })

  afterEach(async () => {
    await endRuns(runs)
    rmSync(folder, { recursive: true })
  })

  function start (args, env) {
    runs.push(new Run(['--processes', '2', '--workers', '2', ...args], env))
    return runs.at(-1)
  }

  async function stop (run) {
    run.child.kill('SIGTERM')
    assert.equal(await run.closed, 0, run.stderr)
  }

  /** The ids of the processes that serve. */
  const members = (run) => childProcesses(run.child.pid)

  const app = (text, more = '') => writeFileSync(join(folder, 'main.py'), `${more}
async def app(scope, receive, send):
    if scope['type'] == 'http':
        await send({'type': 'http.response.start', 'status': 200, 'headers': []})
        await send({'type': 'http.response.body', 'body': b'${text}'})
`)

  it('waited for ever for a process that took no more connections', async () => {
    const run = start(['--docroot', APPS, '--port', '0', '--timeout-hang', '1'])
    const port = await run.port()
    const [blocked] = members(run)
    process.kill(blocked, 'SIGSTOP')
    const answers = await Promise.all(Array.from({ length: 8 }, () => fetchText({ port })))
    assert.deepEqual(answers.map(({ status }) => status), Array(8).fill(200))
    await run.match('stderr',
      new RegExp(`pid ${blocked}\\) has not taken a connection for 1000 ms`))
    await run.match('stderr', new RegExp(`pid ${blocked}\\) has ended: SIGKILL`))
    await eventually(() => assert.equal(members(run).length, 2))
    assert.ok(!isAlive(blocked))
    await stop(run)
  })

  it('has one worker more after SIGTTIN, and one fewer after SIGTTOU', async () => {
    const run = start(['--docroot', APPS, '--port', '0', '--health', '/health'])
    const port = await run.port()
    const ready = async () =>
      JSON.parse((await fetchText({ port, path: '/health/readyz' })).text).workers.ready
    await eventually(async () => assert.equal(await ready(), 2))
    assert.equal(run.stderr.match(/readyz/g).length, 1, 'said once for all processes')
    run.child.kill('SIGTTIN')
    await run.match('stderr', /SIGTTIN: 3 workers/)
    await eventually(async () => assert.equal(await ready(), 3))
    run.child.kill('SIGTTOU')
    await eventually(async () => assert.equal(await ready(), 2))
    run.child.kill('SIGTTOU')
    await run.match('stderr', /SIGTTOU: there are only 2 workers/)
    await stop(run)
  })

  it('hands connections to all processes, and says once where it listens', async () => {
    const pidFile = join(folder, 'pid')
    const run = start(['slow_app:app', '--docroot', APPS, '--port', '0', '--access-log', 'json',
      '--pid-file', pidFile])
    const port = await run.port()
    assert.equal(readFileSync(pidFile, 'utf8'), `${run.child.pid}\n`)
    assert.match(run.stdout, /^Listening on .* in 2 processes\n$/)
    const pids = members(run)
    assert.equal(pids.length, 2)
    // The primary has no Python, and each process has its share of the workers.
    assert.deepEqual(pids.filter(isPython), [])
    for (const pid of pids) assert.equal(childProcesses(childProcesses(pid)[0]).length, 1)
    const answers = await Promise.all([300, 300, 300, 300].map((ms) =>
      fetchText({ port, path: `/?ms=${ms}` })))
    assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200, 200])
    await eventually(() => assert.equal(run.stdout.match(/"worker": ?"[12]\.1"/g)?.length, 4))
    assert.match(run.stdout, /"1\.1"/)
    assert.match(run.stdout, /"2\.1"/)
    await stop(run)
    assert.equal(existsSync(pidFile), false)
  })

  it('replaces a process that was killed, while the other one serves', async () => {
    const run = start(['slow_app:app', '--docroot', APPS, '--port', '0'])
    const port = await run.port()
    const [victim, other] = members(run)
    const python = childProcesses(victim)
    process.kill(victim, 'SIGKILL')
    // Until the successor is ready, the other one gets all connections.
    for (let i = 0; i < 20; i++) {
      assert.equal((await fetchText({ port, path: '/active' })).status, 200)
    }
    await run.match('stderr', new RegExp(`process \\d \\(pid ${victim}\\).*SIGKILL`))
    await eventually(() => assert.equal(members(run).length, 2))
    assert.ok(members(run).includes(other))
    await eventually(() => assert.deepEqual(python.filter(isAlive), []), 10_000)
    await stop(run)
  })

  it('reloads one process after the other, and stops where a reload fails', async () => {
    app('first')
    const run = start(['--docroot', folder, '--port', '0'])
    const port = await run.port()
    app('second')
    run.child.kill('SIGHUP')
    await run.match('stderr', /^\[node-asgi 1\] reloaded[^]*^\[node-asgi 2\] reloaded/m)
    assert.equal((await fetchText({ port })).text, 'second')
    app('third', 'import no_such_module')
    run.child.kill('SIGHUP')
    await run.match('stderr', /the reload has stopped at process 1 of 2[^\n]*no_such_module/)
    assert.doesNotMatch(run.stderr, /\[node-asgi 2\][^\n]*no_such_module/)
    for (let i = 0; i < 4; i++) assert.equal((await fetchText({ port })).text, 'second')
    await stop(run)
  })

  it('--reload watches files once, and waits for a change when the start has failed', async () => {
    app('first', 'import no_such_module')
    const run = start(['--docroot', folder, '--port', '0', '--reload'])
    const port = await run.port()
    await run.match('stderr', /no_such_module[^]*waiting for file changes/)
    assert.equal((await fetchText({ port })).status, 503)
    app('second')
    await run.match('stderr', /main\.py changed: reloading[^]*^\[node-asgi 2\] reloaded/m)
    assert.equal(run.stderr.match(/main\.py changed/g).length, 1)
    for (let i = 0; i < 4; i++) assert.equal((await fetchText({ port })).text, 'second')
    await stop(run)
  })

  it('exits with the code of the failure when the application cannot start', async () => {
    app('never', 'import no_such_module')
    const run = start(['--docroot', folder, '--port', '0'])
    assert.equal(await run.closed, 1)
    assert.match(run.stderr, /No module named 'no_such_module'/)
    assert.equal(run.stdout, '')
  })

  it('finishes requests of all processes when it stops, and of one that is told to', async () => {
    const run = start(['slow_app:app', '--docroot', APPS, '--port', '0'])
    const port = await run.port()
    const agent = new Agent({ keepAlive: true })
    const [first] = members(run)
    const answers = [1, 2, 3, 4].map(() => fetchText({ port, agent, path: '/?ms=800' }))
    await sleep(200)
    process.kill(first, 'SIGTERM') // an operator may choose one
    await sleep(100)
    run.child.kill('SIGTERM')
    for (const { text } of await Promise.all(answers)) assert.equal(text, 'waited 800 ms')
    assert.equal(await run.closed, 0)
    agent.destroy()
  })

  it('ends at once on a second signal', async () => {
    const run = start(['slow_app:app', '--docroot', APPS, '--port', '0', '--timeout-drain', '600'])
    const port = await run.port()
    const answer = fetchText({ port, path: '/?ms=600000' })
    await sleep(300)
    run.child.kill('SIGINT')
    await run.match('stderr', /SIGINT/)
    run.child.kill('SIGINT')
    await assert.rejects(answer, { code: 'ECONNRESET' })
    assert.equal(await run.closed, 128 + 2)
  })

  it('leaves no process behind when the primary is killed', async () => {
    const run = start(['slow_app:app', '--docroot', APPS, '--port', '0'])
    const port = await run.port()
    const pids = members(run).flatMap((pid) => [pid, ...childProcesses(pid)])
    const answer = fetchText({ port, path: '/?ms=700' })
    await sleep(200)
    run.child.kill('SIGKILL')
    // A request in flight is still answered.
    assert.equal((await answer).text, 'waited 700 ms')
    await run.allGone()
    assert.deepEqual(pids.filter(isAlive), [])
  })

  it('sums metrics and health, also of a process that has ended', async () => {
    const run = start(['slow_app:app', '--docroot', APPS, '--port', '0', '--metrics', '0',
      '--health', '/'])
    const port = await run.port()
    const [, place] = await run.match('stderr', /:(\d+)\/metrics/)
    const count = async () => {
      const { text } = await fetchText({ port: place, path: '/metrics' })
      return [Number(/requests_total{outcome="answered",status="2xx"} (\d+)/.exec(text)[1]), text]
    }
    for (let i = 0; i < 6; i++) await fetchText({ port, path: '/?ms=0' })
    const [before, text] = await count()
    assert.equal(before, 6)
    assert.match(text, /worker_memory_bytes{worker="1\.1"}/)
    assert.match(text, /worker_memory_bytes{worker="2\.1"}/)
    const [victim] = members(run)
    process.kill(victim, 'SIGKILL')
    await eventually(() => assert.ok(!members(run).includes(victim)))
    assert.equal((await count())[0], 6)
    await eventually(async () => {
      const { text } = await fetchText({ port, path: '/readyz' })
      assert.deepEqual(JSON.parse(text).processes, { ready: 2, wanted: 2 })
    }, 20_000)
    await fetchText({ port, path: '/?ms=0' })
    assert.equal((await count())[0], 7)
    await stop(run)
  })

  it('shows all processes on paths, too, whichever process is asked', async () => {
    const run = start(['slow_app:app', '--docroot', APPS, '--port', '0', '--metrics', '/metrics',
      '--health', '/', '--dashboard', '/dashboard'],
    { NODE_ASGI_DASHBOARD_TOKEN: 'a-secret-of-this-test' })
    const port = await run.port()
    for (let i = 0; i < 2; i++) {
      const { text } = await fetchText({ port, path: '/metrics' })
      assert.match(text, /^node_asgi_workers{state="ready"} 2$/m)
      assert.match((await fetchText({ port, path: '/readyz' })).text, /"processes":{"ready":2/)
      const headers = { authorization: 'Bearer a-secret-of-this-test' }
      const request = get(
        { host: '127.0.0.1', port, path: '/dashboard/events', headers, agent: false })
      const [response] = await once(request, 'response')
      let events = ''
      response.setEncoding('utf8').on('data', (piece) => { events += piece })
      await eventually(() => assert.match(events, /"id":"1\.1".*"id":"2\.1"/))
      request.destroy()
    }
    await stop(run)
  })

  it('answers a client that has ended its side of the connection', async () => {
    const run = start(['slow_app:app', '--docroot', APPS, '--port', '0'])
    const client = net.connect({ port: await run.port(), host: '127.0.0.1', allowHalfOpen: true })
    client.end('GET /?ms=300 HTTP/1.1\r\nHost: h\r\n\r\n')
    const answer = Buffer.concat(await client.toArray()).toString()
    assert.match(answer, /waited 300 ms/)
    client.destroy()
    await stop(run)
  })

  it('is ready as long as one process is, and not while it waits to stop', async () => {
    const run = start(['slow_app:app', '--docroot', APPS, '--port', '0', '--health', '0',
      '--stop-delay', '1'])
    await run.port()
    const [, place] = await run.match('stderr', /:(\d+)\/readyz/)
    const readiness = async () => fetchText({ port: place, path: '/readyz' })
    process.kill(members(run)[0], 'SIGSTOP')
    const { status, text } = await readiness()
    assert.equal(status, 200)
    assert.deepEqual(JSON.parse(text).processes, { ready: 1, wanted: 2 })
    process.kill(members(run)[0], 'SIGCONT')
    run.child.kill('SIGTERM')
    await run.match('stderr', /SIGTERM/)
    assert.equal((await readiness()).status, 503)
    assert.equal(await run.closed, 0)
  })

  it('let clients keep connections to a process while it waited to stop', async () => {
    const run = start(['slow_app:app', '--docroot', APPS, '--port', '0', '--stop-delay', '30'])
    const port = await run.port()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const ask = async () => {
      const [response] = await once(
        get({ host: '127.0.0.1', port, path: '/?ms=1', agent }), 'response')
      const { connection } = response.headers
      await once(response.resume(), 'end')
      return connection
    }
    assert.equal(await ask(), 'keep-alive')
    run.child.kill('SIGTERM')
    await run.match('stderr', /SIGTERM/)
    await eventually(async () => assert.equal(await ask(), 'close'))
    agent.destroy()
    run.child.kill('SIGTERM')
    await run.closed
  })

  it('shows the workers of all processes on one dashboard, whose buttons find them', async () => {
    const run = start(['slow_app:app', '--docroot', APPS, '--port', '0', '--dashboard', '0'])
    await run.port()
    const [, port] = await run.match('stderr', /:(\d+)\/dashboard\//)
    const request = get({ host: '127.0.0.1', port, path: '/dashboard/events', agent: false })
    const [response] = await once(request, 'response')
    let text = ''
    response.setEncoding('utf8').on('data', (piece) => { text += piece })
    await eventually(() => assert.match(text, /event: workers\ndata: .*"id":"1\.1".*"id":"2\.1"/))
    const answer = await fetch(`http://127.0.0.1:${port}/dashboard/recycle?worker=2.1`,
      { method: 'POST', headers: { 'x-node-asgi-dashboard': '1' } })
    assert.equal(answer.status, 200)
    await eventually(() => assert.match(text, /"id":"2\.2".*"state":"ready"/), 10_000)
    const none = await fetch(`http://127.0.0.1:${port}/dashboard/recycle?worker=3.1`,
      { method: 'POST', headers: { 'x-node-asgi-dashboard': '1' } })
    assert.equal(none.status, 404)
    request.destroy()
    await stop(run)
  })

  it('takes HTTP/2, WebSockets and Unix sockets', async () => {
    const uds = join(folder, 'app.sock')
    const { cert, key } = makeCertificate(folder)
    const run = start(['websocket_app:app', '--docroot', APPS, '--listen',
      `127.0.0.1:0,unix:${uds}`, '--uds-mode', '600', '--tls-cert', cert, '--tls-key', key])
    const [, port] = await run.match('stdout', /^Listening on https:\/\/127\.0\.0\.1:(\d+), unix:/m)
    assert.equal(statSync(uds).mode & 0o777, 0o600)
    const tls = { rejectUnauthorized: false }
    const overSocket = () => connect({ path: uds, ...tls, ALPNProtocols: ['h2'] })
    for (const createConnection of [undefined, overSocket]) {
      const session = http2.connect(`https://127.0.0.1:${port}`, { ...tls, createConnection })
      const stream = session.request({ ':path': '/' })
      const [headers] = await once(stream, 'response')
      assert.equal(headers[':status'], 200)
      stream.resume()
      session.close()
    }
    for (let i = 0; i < 3; i++) {
      const socket = new WebSocket(`wss://127.0.0.1:${port}/echo`, tls)
      await once(socket, 'open')
      socket.send('hello')
      assert.equal(String((await once(socket, 'message'))[0]), 'hello')
      socket.close()
    }
    await stop(run)
    assert.equal(existsSync(uds), false)
  })

  it('refuses what cannot work', async () => {
    for (const [args, pattern] of [
      [['--workers', '1'], /--processes needs a worker, but --workers says 1/],
      [['--debug'], /--debug/],
      [['--port', '-1'], /--port/]
    ]) {
      const run = start(['--docroot', APPS, ...args])
      assert.equal(await run.closed, 2, run.stderr)
      assert.match(run.stderr, pattern)
    }
  })
})
