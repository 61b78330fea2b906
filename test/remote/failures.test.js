/** What a handler with the option `remote` does when endpoints, small servers here, fail. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, get } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { WebSocketServer } from 'ws'

import { eventually, leakTest, startPython } from '../support/harness.js'
import { makeCertificate } from '../support/certificate.js'
import { freePort } from './servers.js'

/** As leakTest, but what `t.after` is given runs before the look for leaks. */
function remoteTest (name, run) {
  leakTest(name, async () => {
    const ends = []
    try {
      await run({ after: (end) => ends.push(end) })
    } finally {
      for (const end of ends.reverse()) await end()
    }
  })
}

/** Serves on a port while the test runs. */
async function serve (t, listener, port = 0) {
  const server = createServer(listener)
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const stop = async () => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  t.after(stop)
  const { port: own } = server.address()
  return { server, stop, port: own, url: `http://127.0.0.1:${own}` }
}

const say = (text) => (req, res) => {
  req.resume()
  req.on('end', () => res.end(text))
}

const nowhere = async () => `http://127.0.0.1:${await freePort()}`
const remote = (url, others) => startPython({ remote: { url, ...others } })
const post = { method: 'POST', url: '/', body: 'x' }

remoteTest('nobody answers: requests fail at once, until somebody does', async (t) => {
  const port = await freePort()
  const python = remote(`http://127.0.0.1:${port}`)
  const events = []
  for (const name of ['endpoint:ejected', 'endpoint:recovered', 'pool:failed', 'pool:recovered']) {
    python.on(name, () => events.push(name))
  }
  await assert.rejects(python.ready, { code: 'ERR_REMOTE_UNREACHABLE' })
  assert.equal(python.stats().state, 'failed')
  await assert.rejects(python.handleRequest(post),
    (error) => error.code === 'ERR_REMOTE_UNREACHABLE' && error.endpoint.includes(String(port)))
  assert.equal(python.health.check().code, 'ERR_REMOTE_UNREACHABLE')
  await serve(t, say('here'), port)
  await eventually(async () =>
    assert.equal((await python.handleRequest(post)).body.toString(), 'here'))
  assert.equal(python.health.check().ready, true)
  assert.deepEqual(events,
    ['endpoint:ejected', 'pool:failed', 'endpoint:recovered', 'pool:recovered'])
  await python.close()
})

remoteTest('an endpoint that refuses connections loses no request of any method', async (t) => {
  const one = await serve(t, say('one'))
  const two = await serve(t, say('two'))
  const python = remote([one.url, two.url])
  await eventually(() => assert.equal(python.stats().ready, 2))
  await one.stop()
  const body = () => (async function * () { yield 'x' })()
  const rest = await Promise.all(Array.from({ length: 20 }, () =>
    python.handleRequest({ ...post, body: body() })))
  assert.deepEqual(new Set(rest.map((each) => each.body.toString())), new Set(['two']))
  assert.deepEqual(python.stats().endpoints.map(({ state }) => state), ['out', 'up'])
  await python.close()
})

remoteTest('a lost request goes to another endpoint if that does no harm', async (t) => {
  const cut = (req) => req.socket.destroy()
  const bad = await serve(t, cut)
  const good = await serve(t, say('good'))
  const python = remote([bad.url, good.url], { eject: { failures: 1000 } })
  await eventually(() => assert.equal(python.stats().ready, 2))
  const answers = await Promise.all(Array.from({ length: 6 }, () =>
    python.handleRequest({ url: '/' })))
  assert.deepEqual(new Set(answers.map(({ body }) => body.toString())), new Set(['good']))
  assert.ok(python.stats().retried > 0)
  const posts = await Promise.allSettled(Array.from({ length: 6 }, () =>
    python.handleRequest(post)))
  const codes = posts.map(({ reason }) => reason?.code)
  assert.ok(codes.includes('ERR_REMOTE_LOST') && codes.includes(undefined), String(codes))
  await python.close()
})

remoteTest('an endpoint that keeps failing is out, and comes back after a trial', async (t) => {
  let isBad = true
  const bad = await serve(t, (req, res) => isBad ? req.socket.destroy() : res.end('bad'))
  const good = await serve(t, say('good'))
  const python = remote([bad.url, good.url], { eject: { failures: 3, min: 50 } })
  await eventually(() => assert.equal(python.stats().ready, 2))
  const ejected = once(python, 'endpoint:ejected')
  while (python.stats().ready === 2) await python.handleRequest({ url: '/' })
  assert.equal((await ejected)[0].endpoint, 1)
  isBad = false
  await eventually(async () => {
    await python.handleRequest({ url: '/' })
    assert.equal(python.stats().endpoints[0].state, 'up')
  })
  await python.close()
})

remoteTest('requests that fail do not take the only endpoint away', async (t) => {
  const { url } = await serve(t, (req, res) =>
    req.url === '/bad' ? req.socket.destroy() : res.end('ok'))
  const python = remote(url, { eject: { failures: 2 } })
  await python.ready
  for (let i = 0; i < 6; i++) {
    await assert.rejects(python.handleRequest({ url: '/bad' }), { code: 'ERR_REMOTE_LOST' })
  }
  assert.equal((await python.handleRequest({ url: '/' })).body.toString(), 'ok')
  await python.close()
})

remoteTest('what is no HTTP is ERR_REMOTE_PROTOCOL', async (t) => {
  const { url } = await serve(t, (req) => req.socket.end('HTTP/1.1 200 OK\r\nbad header\r\n\r\n'))
  const python = remote(url)
  await python.ready
  await assert.rejects(python.handleRequest({ url: '/' }), { code: 'ERR_REMOTE_PROTOCOL' })
  await python.close()
})

remoteTest('a health check that fails takes the endpoint out', async (t) => {
  let status = 200
  const { url } = await serve(t, (req, res) => {
    res.statusCode = req.url === '/healthz' ? status : 200
    res.end()
  })
  const python = remote(url, { healthPath: '/healthz', healthInterval: 20, eject: { min: 20 } })
  await python.ready
  status = 503
  await eventually(() => assert.equal(python.stats().endpoints[0].state, 'out'))
  await assert.rejects(python.handleRequest({ url: '/' }), { code: 'ERR_REMOTE_UNREACHABLE' })
  status = 200
  await eventually(() => assert.equal(python.stats().endpoints[0].state, 'up'))
  await python.close()
})

remoteTest('requests above the concurrency wait in the queue until it is full', async (t) => {
  const waiting = []
  const { url } = await serve(t, (_, res) => { waiting.push(res) })
  const python = startPython({ remote: url, concurrency: 2, maxQueue: 1 })
  await python.ready
  const requests = [1, 2, 3].map(() => python.handleRequest({ url: '/' }))
  await assert.rejects(python.handleRequest({ url: '/' }), { code: 'ERR_QUEUE_FULL' })
  await eventually(() => assert.equal(waiting.length, 2))
  assert.equal(python.stats().queued, 1)
  for (const res of waiting.splice(0)) res.end()
  await eventually(() => assert.equal(waiting.length, 1))
  waiting[0].end()
  await Promise.all(requests)
  await python.close()
})

remoteTest('a fallback takes over while nobody answers', async (t) => {
  const port = await freePort()
  const python = startPython({ remote: `http://127.0.0.1:${port}`, fallback: 'local' })
  await python.ready
  assert.equal((await python.handleRequest({ url: '/' })).body.toString(), 'Hello, world!')
  assert.equal(python.stats().workers.length, 1)
  await serve(t, say('remote'), port)
  await eventually(async () =>
    assert.equal((await python.handleRequest({ url: '/' })).body.toString(), 'remote'))
  await python.close()
})

remoteTest('what needs a process here says that it cannot be done', async (t) => {
  const { url } = await serve(t, say('x'))
  const python = remote(url)
  await python.ready
  const code = 'ERR_REMOTE_UNSUPPORTED'
  assert.throws(() => python.handleRequestSync({ url: '/' }), { code })
  await assert.rejects(python.reload(), { code })
  await assert.rejects(python.handleRequest({ url: '/', scope: { user: 1 } }), { code })
  await python.close()
  await assert.rejects(python.handleRequest({ url: '/' }), { code: 'ERR_CLOSED' })
})

remoteTest('close() lets requests in flight finish', async (t) => {
  const { url } = await serve(t, (_, res) => setTimeout(() => res.end('late'), 100))
  const python = remote(url)
  await python.ready
  const response = python.handleRequest({ url: '/' })
  await eventually(() => assert.equal(python.stats().inFlight, 1))
  await python.close()
  assert.equal((await response).body.toString(), 'late')
})

remoteTest('close() cuts off what takes too long', async (t) => {
  const { url } = await serve(t, () => {})
  const python = remote(url)
  await python.ready
  const response = python.handleRequest({ url: '/' })
  const rejected = assert.rejects(response, { code: 'ERR_CLOSED' })
  await eventually(() => assert.equal(python.stats().inFlight, 1))
  await python.close({ timeout: 50 })
  await rejected
})

remoteTest('a WebSocket whose endpoint has gone is offered to another one', async (t) => {
  const one = await serve(t, (req) => req.socket.destroy())
  one.server.on('upgrade', (_, socket) => socket.destroy())
  const two = await serve(t, say('x'))
  const sockets = new WebSocketServer({ server: two.server })
  sockets.on('connection', (socket) => socket.send('two'))
  const python = remote([one.url, two.url])
  await eventually(() => assert.equal(python.stats().ready, 2))
  for (let i = 0; i < 3; i++) {
    const socket = await python.connect('/')
    assert.equal((await once(socket, 'message'))[0].data, 'two')
    socket.close()
  }
  const last = await python.connect('/')
  for (const socket of sockets.clients) socket.terminate()
  const [event] = await once(last, 'close')
  assert.equal(event.code, 1011)
  await python.close()
})

remoteTest('early hints reach the client', async (t) => {
  const { url } = await serve(t, (_, res) => {
    res.writeEarlyHints({ link: '</a.css>; rel=preload; as=style' })
    res.end('x')
  })
  const python = remote(url)
  await python.ready
  const front = await serve(t, python.listener)
  const request = get(front.url)
  const [[hints], [response]] = await Promise.all(
    [once(request, 'information'), once(request, 'response')])
  assert.equal(hints.headers.link, '</a.css>; rel=preload; as=style')
  response.resume()
  await once(response, 'end')
  await front.stop()
  await python.close()
})

remoteTest('a unix socket is an address', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'node-asgi-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'app.sock')
  const server = createServer((req, res) => res.end(req.headers.host)).listen(path)
  await once(server, 'listening')
  const python = startPython({ remote: `unix:${path}` })
  assert.equal((await python.handleRequest({ url: '/' })).body.toString(), 'localhost')
  await python.close()
  await new Promise((resolve) => server.close(resolve))
})

remoteTest('TLS checks the certificate, shows its own, and asks for the right name', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'node-asgi-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const { cert, key } = makeCertificate(folder)
  const pair = { cert: readFileSync(cert), key: readFileSync(key) }
  const names = []
  let connections = 0
  const server = createTlsServer({ ...pair, ca: pair.cert, requestCert: true }, (req, res) => {
    names.push(req.socket.servername)
    res.end(req.socket.getPeerCertificate().subject.CN)
  }).listen(0, '127.0.0.1')
  server.on('secureConnection', () => { connections++ })
  await once(server, 'listening')
  const url = `https://localhost:${server.address().port}`
  const stranger = startPython({ remote: url })
  await assert.rejects(stranger.ready, { code: 'ERR_REMOTE_UNREACHABLE' })
  await stranger.close()
  connections = 0
  const python = startPython({ remote: { url, tls: { ca: cert, cert, key } } })
  await python.ready
  for (const host of ['one.example', 'two.example']) {
    const response = await python.handleRequest({ url: `https://${host}/` })
    assert.equal(response.body.toString(), 'localhost')
  }
  assert.deepEqual(names, ['localhost', 'localhost'])
  assert.equal(connections, 2, 'one to look, and one for both requests')
  await python.close()
  await new Promise((resolve) => server.close(resolve))
})

remoteTest('an idle handler neither needs the addon nor keeps the process alive', async (t) => {
  const { url } = await serve(t, say('done'))
  const index = new URL('../../addon/lib/index.js', import.meta.url).href
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', `
    import { PythonHandler } from ${JSON.stringify(index)}
    const python = new PythonHandler({ remote: ${JSON.stringify(url)} })
    console.log((await python.handleRequest({ url: '/' })).body.toString())
  `], { env: { ...process.env, NODE_ASGI_BUILD: 'none' }, timeout: 20_000 })
  assert.equal(stdout, 'done\n')
})

remoteTest('nowhere is not somewhere', async () => {
  const python = remote([await nowhere(), await nowhere()])
  await assert.rejects(python.ready, { code: 'ERR_REMOTE_UNREACHABLE' })
  await python.close()
})
