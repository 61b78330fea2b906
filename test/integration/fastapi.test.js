/** A realistic FastAPI application, through node:http and through handleRequest(). */

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

import { WebSocket } from 'ws'

import { VENV_PYTHON, eventually, leakTest, startPython, withServer } from '../support/harness.js'

const settings = { appTarget: 'fastapi_app.main:app', python: VENV_PYTHON }

function fastApiTest (name, run, options = {}) {
  leakTest(`FastAPI: ${name}`, async () => {
    const python = startPython({ ...settings, ...options })
    await python.ready
    await withServer(python.listener, (origin) => run({
      python,
      origin,
      get: (path, init) => fetch(origin + path, { redirect: 'manual', ...init })
    }))
    await python.close()
  })
}

fastApiTest('parameters, models, errors, cookies, redirects', async ({ get }) => {
  assert.deepEqual(await (await get('/')).json(), { hello: 'fastapi', greeting: 'from lifespan' })
  assert.deepEqual(await (await get('/sync')).json(), { main_thread: false })

  const parameters = await get('/parameters/7/a%20b/c?q=%C3%BC&tag=x&tag=y', {
    headers: [['x-token', 'one'], ['x-token', 'two'], ['cookie', 'session=abc; other=1']]
  })
  const found = await parameters.json()
  assert.deepEqual({ ...found, x_token: found.x_token.join(', ') }, {
    number: 7,
    rest: 'a b/c',
    q: 'ü',
    tag: ['x', 'y'],
    x_token: 'one, two',
    session: 'abc'
  })
  const invalid = await get('/parameters/seven/x')
  assert.equal(invalid.status, 422)
  assert.deepEqual((await invalid.json()).detail[0].loc, ['path', 'number'])

  const json = { 'content-type': 'application/json' }
  const created = await get('/items',
    { method: 'POST', headers: json, body: '{"name":" lamp ","price":"9.50","tags":["a"]}' })
  assert.equal(created.status, 201)
  const item = await created.json()
  assert.equal(item.name, 'lamp')
  assert.deepEqual(await (await get(`/items/${item.id}`)).json(), item)
  const wrong = await get('/items',
    { method: 'POST', headers: json, body: '{"name":"","price":-1}' })
  assert.equal(wrong.status, 422)
  const deleted = await get(`/items/${item.id}`, { method: 'DELETE' })
  assert.equal(deleted.status, 204)
  assert.equal(await deleted.text(), '')
  assert.equal((await get(`/items/${item.id}`)).status, 404)

  const teapot = await get('/teapot')
  assert.equal(teapot.status, 418)
  assert.equal(teapot.headers.get('x-teapot'), 'yes')
  assert.equal((await get('/out-of-stock/x')).status, 409)
  assert.equal((await get('/crash')).status, 500)
  const redirect = await get('/redirect')
  assert.equal(redirect.status, 307)
  assert.equal(redirect.headers.get('location'), '/')
  assert.deepEqual((await get('/cookies')).headers.getSetCookie().map((cookie) =>
    cookie.split(';')[0]), ['a=1', 'b=2'])
  assert.equal(await (await get('/text')).text(), 'grüße')
})

fastApiTest('middleware, CORS, sub-application, static files, docs', async ({ get, origin }) => {
  const passed = await get('/', { headers: { 'x-request-id': '42' } })
  assert.equal(passed.headers.get('x-middleware'), '42')
  const preflight = await get('/', {
    method: 'OPTIONS',
    headers: { origin: 'https://client.example', 'access-control-request-method': 'PUT' }
  })
  assert.equal(preflight.status, 200)
  assert.equal(preflight.headers.get('access-control-allow-origin'), 'https://client.example')
  assert.deepEqual(await (await get('/admin/where')).json(),
    { path: '/admin/where', root_path: '/admin' })
  assert.match(await (await get('/static/hello.txt')).text(), /\w/)
  const file = await get('/file')
  assert.match(file.headers.get('content-disposition'), /hello\.txt/)
  await file.text()
  assert.match(await (await get('/docs')).text(), /swagger-ui/)
  assert.equal((await (await get('/openapi.json')).json()).info.title, 'fixture')
  const url = await (await get('/url')).json()
  assert.equal(url.url, `${origin}/url`)
  assert.equal(url.client[0], '127.0.0.1')
})

fastApiTest('uploads, streams, events, background tasks, dependencies', async ({ get, python }) => {
  const bytes = randomBytes(2_000_000)
  const form = new FormData()
  form.set('file', new Blob([bytes], { type: 'application/x-test' }), 'grüße.bin')
  form.set('note', 'a note')
  form.set('times', '3')
  assert.deepEqual(await (await get('/upload', { method: 'POST', body: form })).json(), {
    name: 'grüße.bin',
    type: 'application/x-test',
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    note: 'a note',
    times: 3
  })
  assert.deepEqual(await (await get('/raw', { method: 'POST', body: bytes })).json(),
    { size: bytes.length })
  assert.equal((await (await get('/stream?n=50&size=10000')).text()).length, 500_000)
  assert.equal(await (await get('/stream/sync?n=3')).text(), 'line 0\nline 1\nline 2\n')
  // BaseHTTPMiddleware completes the response and raises afterwards, so the error is only logged.
  const lines = []
  python.on('stderr', (line) => lines.push(line))
  assert.equal(await (await get('/stream/breaks')).text(), 'so far so good')
  await eventually(() =>
    assert.match(lines.join('\n'), /Traceback[^]*RuntimeError: the stream broke/))

  const events = await get('/events?n=3')
  assert.equal(events.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  assert.equal(await events.text(),
    [0, 1, 2].map((i) => `id: ${i}\nevent: tick\ndata: ${i}\n\n`).join(''))

  assert.equal((await get('/notes/remember', { method: 'POST' })).status, 202)
  await eventually(async () =>
    assert.deepEqual(await (await get('/notes')).json(), ['remember', 'REMEMBER']))
  await (await get('/sessions')).json()
  assert.equal((await get('/sessions/raise')).status, 400)
  const { opened, closed } = await (await get('/sessions')).json()
  assert.equal(opened, closed + 1)

  const direct = await python.handleRequest({ method: 'POST', url: '/raw', body: bytes })
  assert.deepEqual(direct.json(), { size: bytes.length })
})

fastApiTest('a client that disconnects ends its stream', async ({ get, python }) => {
  const abort = new AbortController()
  const response = await get('/stream?n=100000&size=65536', { signal: abort.signal })
  await response.body.getReader().read()
  abort.abort()
  await eventually(() => assert.equal(python.stats().inFlight, 0))
  assert.equal((await get('/')).status, 200)
})

leakTest('FastAPI with preload: the app is imported once and workers are forked', async () => {
  const python = startPython({ ...settings, preload: true, workers: 3 })
  const lines = []
  python.on('stdout', (line, { worker }) => lines.push([worker, line]))
  await python.ready
  await Promise.all(Array.from({ length: 30 }, async () =>
    assert.equal((await python.handleRequest({ url: '/' })).status, 200)))
  // The proportional set size (PSS) divides shared memory by the number of processes that share it.
  for (const { pid } of python.stats().workers) {
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')
    const [rss, pss] = ['Rss', 'Pss']
      .map((name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup)[1]))
    assert.ok(pss < rss / 2, `PSS ${pss} KiB of RSS ${rss} KiB: too little is shared`)
  }
  await python.close()
  assert.deepEqual(lines.filter(([, line]) => line === 'database closed').map(([id]) => id).sort(),
    [1, 2, 3])
})

fastApiTest('load from many connections', async ({ get }) => {
  await Promise.all(Array.from({ length: 40 }, async (_, i) => {
    for (let j = 0; j < 10; j++) {
      const response = await get(`/parameters/${i}/${j}?q=${i * j}`)
      assert.deepEqual(await response.json(), {
        number: i, rest: String(j), q: String(i * j), tag: null, x_token: null, session: null
      })
    }
  }))
}, { workers: 2 })

leakTest('the example that npm start serves', async () => {
  const { spawn } = await import('node:child_process')
  const { createInterface } = await import('node:readline')
  const { fileURLToPath } = await import('node:url')
  const server = spawn(process.execPath,
    [fileURLToPath(new URL('../../examples/fastapi/server.js', import.meta.url))],
    { env: { ...process.env, PORT: '0' }, stdio: ['ignore', 'pipe', 'pipe'] })
  try {
    let origin
    for await (const line of createInterface({ input: server.stdout })) {
      origin = /http:\/\/\S+?:\d+/.exec(line)?.[0]
      if (origin !== undefined) break
    }
    assert.match(await (await fetch(`${origin}/docs`)).text(), /swagger-ui/)
    assert.match(await (await fetch(origin)).text(), /<html/i)
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/shout`)
    socket.on('open', () => socket.send('hello'))
    const [message] = await once(socket, 'message')
    assert.match(String(message), /^HELLO! \(worker \d+\)$/)
    socket.terminate()
  } finally {
    server.stdout.resume()
    server.stderr.resume()
    server.kill('SIGTERM')
    const [code] = await once(server, 'exit')
    assert.equal(code, 0)
    await sleep(0)
  }
})
