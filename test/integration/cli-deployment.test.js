/** What the command line offers to those who deploy: sockets, files, certificates, logs. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync,
  statSync, writeFileSync
} from 'node:fs'
import { Agent, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import http2 from 'node:http2'
import https from 'node:https'
import tls from 'node:tls'
import { fileURLToPath } from 'node:url'

import { makeCertificate } from '../support/certificate.js'
import { APPS, VENV_PYTHON, eventually } from '../support/harness.js'
import { Run, endRuns } from '../support/run.js'

const WITH_SOCKET = fileURLToPath(new URL('../support/with-socket.py', import.meta.url))

const LIMIT = 60_000

/** @returns {Promise<{ status: number, text: string }>} */
async function fetchText (options) {
  const request = get({ host: '127.0.0.1', agent: false, ...options })
  const [response] = await once(request, 'response')
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  return { status: response.statusCode, text, headers: response.headers }
}

/** @returns {Promise<{ status: number }>} */
async function secureGet (options) {
  const request =
    https.get({ host: '127.0.0.1', agent: false, rejectUnauthorized: false, ...options })
  const [response] = await once(request, 'response')
  response.resume()
  return { status: response.statusCode }
}

/** @returns {Promise<string>} the name in the certificate that a server shows */
async function certificateName (port) {
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { subject } = socket.getPeerCertificate()
  socket.destroy()
  return subject.CN
}

describe('node-asgi in production', { timeout: 3 * LIMIT }, () => {
  let folder
  const runs = []

  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'node-asgi-deploy-')) })

  afterEach(async () => {
    await endRuns(runs)
    rmSync(folder, { recursive: true })
  })

  function start (args, env) {
    runs.push(new Run(['--workers', '1', '--docroot', APPS, ...args], env))
    return runs.at(-1)
  }

  async function stop (run) {
    run.child.kill('SIGTERM')
    assert.equal(await run.closed, 0, run.stderr)
  }

  it('listens on several addresses, and closes all of them', async () => {
    const uds = join(folder, 'app.sock')
    const run = start(['slow_app:app', '--listen', '127.0.0.1:0', '--listen',
      `unix:${uds},[::1]:0`, '--uds-mode', '600', '--max-connections-per-address', '1'])
    const [, first, second] = await run.match('stdout',
      /^Listening on http:\/\/127\.0\.0\.1:(\d+), unix:\S+, http:\/\/\[::1\]:(\d+) with /m)
    assert.equal(statSync(uds).mode & 0o777, 0o600)
    for (const place of [{ port: first }, { socketPath: uds }, { port: second, host: '::1' }]) {
      assert.equal((await fetchText({ ...place, path: '/active' })).status, 200)
    }
    // A request over a door is finished, and its connection is closed after it.
    const agent = new Agent({ keepAlive: true })
    const answer = fetchText({ port: second, host: '::1', agent, path: '/?ms=700' })
    while ((await fetchText({ port: first, path: '/active' })).text !== '1');
    run.child.kill('SIGTERM')
    await run.match('stderr', /SIGTERM/)
    assert.equal((await answer).headers.connection, 'close')
    assert.equal(await run.closed, 0, run.stderr)
    assert.equal(existsSync(uds), false)
  })

  it('counts the connections of all addresses together', async () => {
    const run = start(['slow_app:app', '--listen', '127.0.0.1:0,127.0.0.1:0',
      '--max-connections', '1'])
    const [, first, second] = await run.match('stdout', /:(\d+), http:\/\/127\.0\.0\.1:(\d+) with /)
    const answer = fetchText({ port: first, path: '/?ms=1000' })
    await assert.rejects(async () => {
      // The first connection may not have been accepted yet.
      for (;;) await fetchText({ port: second, path: '/active' })
    }, { code: 'ECONNRESET' })
    assert.equal((await answer).status, 200)
  })

  for (const [how, processes] of [['fd', 1], ['systemd', 1], ['fd', 2], ['systemd', 2]]) {
    it(`listens on a socket that it inherits, ${how}, ${processes} processes`, async () => {
      const portFile = join(folder, 'port')
      const flags = how === 'fd' ? ['--fd', '3'] : []
      const run = new Run(['--docroot', APPS, '--workers', String(processes), '--processes',
        String(processes), ...flags],
      { PORT_FILE: portFile, PORT: '1' }, undefined, [VENV_PYTHON, WITH_SOCKET, how])
      runs.push(run)
      const port = Number(await run.port())
      assert.equal(port, Number(readFileSync(portFile, 'utf8')))
      assert.equal((await fetchText({ port })).text, 'Hello, world!')
      // Python has not inherited it, and does not take it for its own.
      const socketOf = (pid, fd) => readlinkSync(`/proc/${pid}/fd/${fd}`)
      const listener = socketOf(run.child.pid, 3)
      for (const pid of run.processes().filter((pid) => Number(pid) !== run.child.pid)) {
        const links = readdirSync(`/proc/${pid}/fd`).map((fd) => {
          try {
            return socketOf(pid, fd)
          } catch {
            return ''
          }
        })
        assert(!links.includes(listener), `${pid} has the listening socket`)
      }
      await stop(run)
    })
  }

  it('says what is wrong with a descriptor', async () => {
    const run = start(['--fd', '77'])
    assert.equal(await run.closed, 1)
    assert.match(run.stderr, /descriptor 77.*--fd/)
  })

  it('keeps its process id in a file, and refuses one of another server', async () => {
    const file = join(folder, 'server.pid')
    writeFileSync(file, '999999999\n') // of a server that has crashed
    const run = start(['--port', '0', '--pid-file', file])
    await run.port()
    assert.equal(readFileSync(file, 'utf8'), `${run.child.pid}\n`)
    const second = start(['--port', '0', '--pid-file', file])
    assert.equal(await second.closed, 1)
    assert.match(second.stderr, new RegExp(`${run.child.pid}.*--pid-file`))
    await stop(run)
    assert.equal(existsSync(file), false)
  })

  it('closes idle connections after --timeout-keep-alive', async () => {
    const run = start(['--port', '0', '--timeout-keep-alive', '77'])
    const agent = new Agent({ keepAlive: true })
    const { headers } = await fetchText({ port: await run.port(), agent })
    assert.equal(headers['keep-alive'], 'timeout=77')
    agent.destroy()
  })

  describe('with TLS', () => {
    it('takes a new certificate without a restart, and keeps the old one meanwhile', async () => {
      const [old, next] = ['old', 'next'].map((name) => {
        mkdirSync(join(folder, name))
        return makeCertificate(join(folder, name), { name, password: 'hunter2' })
      })
      const live = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
      for (const part of ['cert', 'key']) copyFileSync(old[part], live[part])
      const password = join(folder, 'password')
      writeFileSync(password, 'hunter2\n')
      const run = start(['--port', '0', '--tls-cert', live.cert, '--tls-key', live.key,
        '--tls-key-password-file', password])
      const port = await run.port()
      assert.equal(await certificateName(port), 'old')
      // Half of the new pair.
      copyFileSync(next.cert, live.cert)
      run.child.kill('SIGHUP')
      await run.match('stderr', /old one stays in use/)
      assert.equal(await certificateName(port), 'old')
      copyFileSync(next.key, live.key)
      run.child.kill('SIGHUP')
      await eventually(async () => assert.equal(await certificateName(port), 'next'))
    })

    it('serves HTTPS and HTTP/2 on every address', async () => {
      const { cert, key } = makeCertificate(folder)
      const run =
        start(['--listen', '127.0.0.1:0,127.0.0.1:0', '--tls-cert', cert, '--tls-key', key])
      const [, ...ports] = await run.match('stdout', /:(\d+), https:\/\/127\.0\.0\.1:(\d+) with /)
      for (const port of ports) {
        const url = `https://127.0.0.1:${port}`
        const { status } = await secureGet({ port, path: '/' })
        assert.equal(status, 200)
        const session = http2.connect(url, { rejectUnauthorized: false })
        const stream = session.request({ ':path': '/' })
        const [headers] = await once(stream, 'response')
        assert.equal(headers[':status'], 200)
        // Idle sessions of every address are closed when the server stops.
        if (port !== ports[1]) session.close()
        else session.on('error', () => {})
      }
      await stop(run)
    })

    it('takes the password of the key from a variable, and says where to put it', async () => {
      const { cert, key } = makeCertificate(folder, { password: 'hunter2' })
      const args = ['--port', '0', '--tls-cert', cert, '--tls-key', key]
      const run = start(args, { NODE_ASGI_TLS_KEY_PASSWORD: 'hunter2' })
      assert.equal(await certificateName(await run.port()), 'localhost')
      for (const env of [{}, { NODE_ASGI_TLS_KEY_PASSWORD: 'wrong' }]) {
        const refused = start(args, env)
        assert.equal(await refused.closed, 2)
        assert.match(refused.stderr, /--tls-key-password-file.*NODE_ASGI_TLS_KEY_PASSWORD/)
      }
    })
  })

  it('logs requests as JSON, with the times of the queue and of Python apart', async () => {
    const run = start(['slow_app:app', '--port', '0', '--access-log', 'json', '--concurrency', '1'])
    const port = await run.port()
    await Promise.all([1, 2].map(() => fetchText({ port, path: '/?ms=200' })))
    await run.match('stdout', /(?:^\{.*\n){2}/m)
    const entries = run.stdout.split('\n').filter((line) => line.startsWith('{')).map(JSON.parse)
    for (const entry of entries) {
      assert.equal(entry.status, 200)
      assert.equal(entry.url, '/?ms=200')
      assert.equal(entry.worker, 1)
      assert(entry.python_ms > 0 && entry.python_ms < entry.duration_ms, JSON.stringify(entry))
    }
    // The second one has waited for the first one.
    const [first, second] = entries.sort((a, b) => a.queue_ms - b.queue_ms)
    assert(first.queue_ms < first.python_ms, run.stdout)
    assert(second.queue_ms > second.duration_ms / 4, run.stdout)
  })

  it('logs referer and user agent in the combined format', async () => {
    const run = start(['--port', '0', '--access-log', 'combined'])
    await fetchText({ port: await run.port(), headers: { referer: 'http://a/"', 'user-agent': 'x' } })
    await run.match('stdout', /"GET \/ HTTP\/1\.1" 200 13 "http:\/\/a\/\\"" "x"\n/)
  })

  it('does not reload for excluded files, and notices changes by polling', async () => {
    for (const name of ['main.py', 'made.gen.py']) {
      writeFileSync(join(folder, name), 'from pathlib import Path\n' +
        'async def app(scope, receive, send):\n' +
        '    await send({"type": "http.response.start", "status": 200})\n' +
        '    await send({"type": "http.response.body", "body": b"1"})\n')
    }
    const run = start(['--docroot', folder, '--port', '0', '--lifespan', 'off', '--reload',
      '--reload-exclude', '*.gen.py', '--reload-poll', '0.1'])
    const port = await run.port()
    const text = readFileSync(join(folder, 'main.py'), 'utf8')
    writeFileSync(join(folder, 'made.gen.py'), '# changed\n')
    writeFileSync(join(folder, 'main.py'), text.replace('b"1"', 'b"22"'))
    await eventually(async () => assert.equal((await fetchText({ port })).text, '22'))
    assert.match(run.stderr, /main\.py changed/)
    assert.doesNotMatch(run.stderr, /gen\.py/)
  })
})
