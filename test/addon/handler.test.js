import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'

import { PythonHandler, Python, Request } from '../../addon/lib/index.js'
import { settle } from '../support/fake-binding.js'
import { fakeHandler } from '../support/fake-handler.js'

const echo = (request) => {
  const answer = () => request.respond(200, request.body, request.headers)
  if (request.ended) answer()
  else request.onBody = () => { if (request.ended) answer() }
}

const silent = () => {}

test('Python is an alias of PythonHandler', () => {
  assert.equal(Python, PythonHandler)
})

test('an invalid option throws before anything is started', (t) => {
  assert.throws(() => fakeHandler(t, { workers: -1 }), { code: 'ERR_INVALID_OPTION' })
})

for (const [kind, body] of Object.entries({
  'a string': () => 'x'.repeat(1000),
  'a Buffer': () => Buffer.alloc(1000, 'x'),
  'a Readable': () => Readable.from(Array(100).fill(Buffer.from('xxxxxxxxxx'))),
  'a web stream': () => new Blob(['x'.repeat(1000)]).stream(),
  'an async iterable': async function * () { for (let i = 0; i < 10; i++) yield 'x'.repeat(100) }
})) {
  test(`handleRequest with ${kind} as the body`, async (t) => {
    const { python } = fakeHandler(t, {}, { app: echo })
    const value = body()
    const response = await python.handleRequest({
      method: 'POST', url: '/', body: typeof value === 'function' ? value() : value
    })
    assert.equal(response.status, 200)
    assert.equal(response.text(), 'x'.repeat(1000))
    const length = ['a string', 'a Buffer'].includes(kind) ? '1000' : null
    assert.equal(response.headers.get('content-length'), length)
  })
}

test('a Request, and a Request of the web', async (t) => {
  const { python } = fakeHandler(t, {}, { app: echo })
  const ours = await python.handleRequest(new Request({ url: '/', body: Buffer.from('ours') }))
  assert.equal(ours.text(), 'ours')
  const web = await python.handleRequest(
    new globalThis.Request('http://h/', { method: 'POST', body: 'web' }))
  assert.equal(web.text(), 'web')
  assert.equal(web.headers.get('host'), 'h')
})

test('a request may be sent twice', async (t) => {
  const { python } = fakeHandler(t, {}, { app: echo })
  const request = new Request({ url: '/', method: 'POST', body: 'again' })
  assert.equal((await python.handleRequest(request)).text(), 'again')
  assert.equal((await python.handleRequest(request)).text(), 'again')
})

test('a body that is written in pieces while the request runs', async (t) => {
  const { python, fake } = fakeHandler(t, {}, { app: echo })
  await python.ready
  const request = new Request({ url: '/', method: 'POST' })
  request.write('one ')
  const answer = python.handleRequest(request)
  await settle()
  assert.equal(fake.requests[0].body, 'one ')
  await request.write('two')
  await request.end()
  assert.equal((await answer).text(), 'one two')
})

test('a response in many pieces is joined, and gives credit', async (t) => {
  const { python, fake } = fakeHandler(t, {}, {
    app (request) {
      request.start(200, ['a', '1', 'a', '2'])
      for (let i = 0; i < 10; i++) request.send('0123456789')
      setImmediate(() => setImmediate(() => request.send('end', true)))
    }
  })
  const response = await python.handleRequest({ url: '/' })
  assert.equal(response.text(), '0123456789'.repeat(10) + 'end')
  assert.deepEqual(response.headers.getAll('a'), ['1', '2'])
  assert.equal(fake.requests[0].consumed, 100)
})

test('invalid requests reject instead of throwing', async (t) => {
  const { python } = fakeHandler(t)
  await python.ready
  for (const [request, code] of [
    [undefined, 'ERR_INVALID_URL'],
    [{}, 'ERR_INVALID_URL'],
    [{ url: '/', body: 5 }, 'ERR_INVALID_BODY'],
    [{ url: '/', headers: { a: '\0' } }, 'ERR_INVALID_HEADER'],
    [{ url: '/', headers: { a: 'x\r\ny' } }, 'ERR_INVALID_HEADER']
  ]) {
    for (const method of ['handleRequest', 'handleStream']) {
      await assert.rejects(python[method](request), { code })
    }
    assert.throws(() => python.handleRequestSync(request), { code })
  }
})

test('an exception of the application rejects, and emits app:error', async (t) => {
  const { python } = fakeHandler(t, {}, {
    app: (request) => request.raise('ValueError', 'boom', 'Traceback: x')
  })
  const seen = []
  python.on('app:error', (error, details) => seen.push([error, details]))
  await assert.rejects(python.handleRequest({ url: '/' }), (error) => {
    assert.equal(error.code, 'ERR_APP')
    assert.equal(error.type, 'ValueError')
    assert.equal(error.traceback, 'Traceback: x')
    assert.equal(error, seen[0][0])
    return true
  })
  assert.equal(seen[0][1].worker, 1)
})

test('handleStream() resolves when the response starts', async (t) => {
  const { python, fake } = fakeHandler(t, {}, { app: (request) => request.start(200, ['a', 'b']) })
  const response = await python.handleStream({ url: '/' })
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('a'), 'b')
  const [request] = fake.requests
  const chunks = []
  const reading = (async () => { for await (const chunk of response) chunks.push(String(chunk)) })()
  for (const chunk of ['one', 'two']) {
    request.send(chunk)
    await settle()
  }
  assert.deepEqual(chunks, ['one', 'two'])
  request.send('three', true)
  await reading
  assert.equal(chunks.join(''), 'onetwothree')
  assert.equal(request.consumed, 6)
})

test('a response that is not read gives no credit', async (t) => {
  const { python, fake } = fakeHandler(t, {}, {
    app (request) {
      request.start(200)
      for (let i = 0; i < 10; i++) request.send('0123456789')
    }
  })
  const response = await python.handleStream({ url: '/' })
  await settle()
  assert.equal(fake.requests[0].consumed, 0)
  response.body.destroy()
  await settle()
  assert.ok(fake.requests[0].aborted)
})

test('an error after the start is an error of the body', async (t) => {
  const { python } = fakeHandler(t, {}, {
    app (request) {
      request.start(200)
      request.send('part')
      request.raise('OSError', 'disk', 'Traceback', true)
    }
  })
  const response = await python.handleStream({ url: '/' })
  const chunks = []
  await assert.rejects(async () => {
    for await (const chunk of response) chunks.push(String(chunk))
  }, { code: 'ERR_APP', responseStarted: true })
  assert.deepEqual(chunks, ['part'])
  await assert.rejects(python.handleRequest({ url: '/' }), { code: 'ERR_APP' })
})

test('abort: before sending, in the queue, in flight, in the body', async (t) => {
  const { python, fake } = fakeHandler(t, { concurrency: 1 }, { app: silent })
  await python.ready
  const reason = new Error('changed my mind')
  await assert.rejects(python.handleRequest({ url: '/' }, { signal: AbortSignal.abort(reason) }),
    (error) => error === reason)
  const controllers = [new AbortController(), new AbortController()]
  const [flying, queued] = controllers.map(({ signal }) =>
    python.handleRequest({ url: '/' }, { signal }))
  await settle()
  assert.equal(python.stats().queued, 1)
  controllers[1].abort()
  await assert.rejects(queued, { name: 'AbortError' })
  assert.equal(python.stats().queued, 0)
  controllers[0].abort(reason)
  await assert.rejects(flying, (error) => error === reason)
  assert.ok(fake.requests[0].aborted)
  await settle()
  assert.equal(python.stats().inFlight, 0)

  const controller = new AbortController()
  const streaming = python.handleStream({ url: '/' }, { signal: controller.signal })
  await settle()
  fake.requests.at(-1).start(200)
  const response = await streaming
  const reading = response.body.toArray()
  await settle()
  controller.abort()
  await assert.rejects(reading, { name: 'AbortError' })
})

test('limits may be a signal, and a web Request brings its own', async (t) => {
  const { python } = fakeHandler(t, {}, { app: silent })
  await python.ready
  const signal = AbortSignal.abort()
  await assert.rejects(python.handleRequest({ url: '/' }, signal), { name: 'AbortError' })
  const request = new globalThis.Request('http://h/', { signal })
  await assert.rejects(python.handleRequest(request), { name: 'AbortError' })
})

test('an abort destroys a body that is not read yet', async (t) => {
  const { python } = fakeHandler(t, {}, { app: silent })
  const body = new Readable({ read () {} })
  const controller = new AbortController()
  const answer = python.handleRequest({ url: '/', body }, { signal: controller.signal })
  await settle()
  controller.abort()
  await assert.rejects(answer, { name: 'AbortError' })
  assert.ok(body.destroyed)
})

test('a response before the end of the request body destroys that', async (t) => {
  const { python } = fakeHandler(t, {}, { app: (request) => request.respond(413, 'too much') })
  const body = new Readable({ read () {} })
  const response = await python.handleRequest({ url: '/', method: 'POST', body })
  assert.equal(response.status, 413)
  assert.ok(body.destroyed)
})

test('an error of the request body aborts the request', async (t) => {
  const { python, fake } = fakeHandler(t, {}, { app: silent })
  const body = new Readable({ read () {} })
  const answer = python.handleRequest({ url: '/', body })
  await settle()
  body.destroy(new Error('disk on fire'))
  await assert.rejects(answer, { message: 'disk on fire' })
  assert.ok(fake.requests[0].aborted)
})

test('the timeout of a request', async (t) => {
  const { python, fake } = fakeHandler(t, {}, { app: silent })
  await python.ready
  for (const method of ['handleRequest', 'handleStream']) {
    await assert.rejects(python[method]({ url: '/' }, { timeout: 1 }),
      { code: 'ERR_REQUEST_TIMEOUT', timeout: 1 })
  }
  assert.ok(fake.requests.every((request) => request.aborted))
  for (const timeout of [-1, NaN, '5', 2 ** 31]) {
    await assert.rejects(python.handleRequest({ url: '/' }, { timeout }),
      { code: 'ERR_INVALID_OPTION' })
  }
})

test('handleStream() is timed until the start, handleRequest() until the end', async (t) => {
  const { python } = fakeHandler(t, {}, { app: (request) => request.start(200) })
  await python.ready
  const response = await python.handleStream({ url: '/' }, { timeout: 200 })
  await assert.rejects(python.handleRequest({ url: '/' }, { timeout: 200 }),
    { code: 'ERR_REQUEST_TIMEOUT' })
  assert.ok(!response.body.destroyed)
  response.body.destroy()
})

test('handleRequestSync', async (t) => {
  const { python } = fakeHandler(t, {}, { app: echo })
  await python.ready
  const response = python.handleRequestSync({ url: '/', method: 'POST', body: 'x'.repeat(500) })
  assert.equal(response.text(), 'x'.repeat(500))
  assert.throws(() => python.handleRequestSync({ url: '/', body: Readable.from(['x']) }),
    { code: 'ERR_INVALID_BODY' })
})

test('handleRequestSync() waits for a worker that is starting', (t) => {
  const { python } = fakeHandler(t, {}, { app: echo })
  assert.equal(python.handleRequestSync({ url: '/', method: 'POST', body: 'hi' }).text(), 'hi')
})

test('handleRequestSync() throws the error', async (t) => {
  const { python, fake } = fakeHandler(t, { timeouts: { request: 300 } }, {
    app (request, worker) {
      if (request.path === '/raise') request.raise('KeyError', 'k', 'Traceback')
      if (request.path === '/crash') worker.exit(null, 9)
    }
  })
  await python.ready
  assert.throws(() => python.handleRequestSync({ url: '/raise' }), { code: 'ERR_APP' })
  assert.throws(() => python.handleRequestSync({ url: '/hang' }), { code: 'ERR_REQUEST_TIMEOUT' })
  assert.throws(() => python.handleRequestSync({ url: '/crash' }),
    { code: 'ERR_WORKER_CRASHED', signal: 'SIGKILL' })
  fake.servers[0].exit(1)
  assert.throws(() => python.handleRequestSync({ url: '/hang' }), (error) =>
    ['ERR_NO_WORKER', 'ERR_WORKER_CRASHED'].includes(error.code))
})

test('handleRequestSync() after a failed start, and after close()', async (t) => {
  const { python } = fakeHandler(t, {}, {
    startWorker: (worker) => worker.failStartup('import', 'E', 'm', 'Traceback')
  })
  assert.throws(() => python.handleRequestSync({ url: '/' }), { code: 'ERR_APP_IMPORT' })
  await assert.rejects(python.ready, { code: 'ERR_APP_IMPORT' })
  await python.close()
  assert.throws(() => python.handleRequestSync({ url: '/' }), { code: 'ERR_CLOSED' })
})

test('fetch', async (t) => {
  const { python } = fakeHandler(t, {}, {
    app (request) {
      if (request.path === '/empty') return request.respond(204)
      request.start(201, ['set-cookie', 'a=1', 'set-cookie', 'b=2'])
      request.send('one ')
      request.send('two', true)
    }
  })
  const response = await python.fetch(new globalThis.Request('http://h/'))
  assert.ok(response instanceof globalThis.Response)
  assert.equal(response.status, 201)
  assert.equal(response.statusText, 'Created')
  assert.deepEqual(response.headers.getSetCookie(), ['a=1', 'b=2'])
  assert.equal(await response.text(), 'one two')
  const empty = await python.fetch(new globalThis.Request('http://h/empty'))
  assert.equal(empty.status, 204)
  assert.equal(empty.body, null)
})

test('output of workers is logged with their number, unless there is a listener', async (t) => {
  const { python, fake, log } = fakeHandler(t)
  await python.ready
  const [worker] = fake.workers
  worker.stdout.write('to stdout\n')
  worker.stderr.write('to stderr\n')
  fake.servers[0].child.stderr.write('of the server\n')
  await settle()
  const { pid } = worker
  assert.deepEqual(log.lines.sort(), [`info [worker 1, pid ${pid}] to stdout`,
    `warn [fork server, pid ${fake.servers[0].pid}] of the server`,
    `warn [worker 1, pid ${pid}] to stderr`])
  const heard = []
  python.on('stdout', (line, source) => heard.push([line, source]))
  worker.stdout.write('again\n')
  await settle()
  assert.deepEqual(heard, [['again', { worker: 1, pid, level: null }]])
  assert.equal(log.lines.length, 3)
})

test('stats', async (t) => {
  const { python } = fakeHandler(t, { workers: 2, concurrency: 1 }, { app: silent })
  await python.ready
  const controller = new AbortController()
  const { signal } = controller
  const answers = [1, 2, 3].map(() => python.handleRequest({ url: '/' }, { signal }))
  const stats = python.stats()
  assert.equal(stats.state, 'running')
  assert.equal(stats.ready, 2)
  assert.equal(stats.inFlight, 2)
  assert.equal(stats.queued, 1)
  assert.deepEqual(stats.workers.map(({ id, state, inFlight, requests }) =>
    [id, state, inFlight, requests]), [[1, 'ready', 1, 1], [2, 'ready', 1, 1]])
  controller.abort()
  await Promise.allSettled(answers)
})

test('stats() counts every request, including those of workers that are gone', async (t) => {
  const { python, fake } = fakeHandler(t, { workers: 1, concurrency: 3, maxQueue: 1, retry: 1 },
    { app: (request) => { if (request.path === '/quick') request.respond(200, 'ok') } })
  await python.ready
  for (let i = 0; i < 3; i++) await python.handleRequest({ url: '/quick' })
  const aborted = assert.rejects(
    python.handleRequest({ url: '/' }, { signal: AbortSignal.timeout(1) }),
    { name: 'TimeoutError' })
  const raised = assert.rejects(python.handleRequest({ url: '/' }), { code: 'ERR_APP' })
  const lost = [python.handleRequest({ method: 'POST', url: '/' })]
  const queued = python.handleRequest({ url: '/quick' })
  await assert.rejects(python.handleRequest({ url: '/quick' }), { code: 'ERR_QUEUE_FULL' })
  await settle()
  fake.requests[4].raise('ValueError', 'no', '')
  await Promise.all([aborted, raised, queued])
  lost.push(python.handleRequest({ url: '/' }))
  await settle()
  fake.workers[0].exit(null, 9)
  await assert.rejects(lost[0], { code: 'ERR_WORKER_CRASHED' })
  while (python.stats().requests < 9) await settle(1)
  const stats = python.stats()
  const expected = {
    requests: 9,
    answered: 4,
    failed: 1,
    aborted: 1,
    lost: 2,
    inFlight: 1,
    retried: 1,
    rejected: 1
  }
  assert.deepEqual({ ...stats, ...expected }, stats)
  // The queued one, and the retried one until the replacement was ready.
  assert.equal(stats.wait.count, 2)
  assert.deepEqual(stats.exits, { crash: 1 })
  assert.equal(stats.latency.count, 4)
  assert.ok(stats.latency.p50 > 0 && stats.latency.p50 <= stats.latency.max)
  assert.deepEqual(stats.workers.map(({ id, requests }) => [id, requests]), [[2, 1]])
  fake.requests.at(-1).respond(200, '')
  await lost[1]
})

test('close() lets a request finish, and refuses the next one', async (t) => {
  const { python, fake } = fakeHandler(t, {}, { app: silent })
  const answer = python.handleRequest({ url: '/' })
  await settle()
  const closing = python.close()
  await assert.rejects(python.handleRequest({ url: '/' }), { code: 'ERR_CLOSED' })
  fake.requests[0].respond(200, 'just in time')
  assert.equal((await answer).text(), 'just in time')
  await closing
})

test('close() with a timeout aborts requests in flight', async (t) => {
  const { python } = fakeHandler(t, {}, { app: silent })
  await python.ready
  const answer = python.handleRequest({ url: '/' })
  answer.catch(() => {})
  await python.close({ timeout: 0 })
  await assert.rejects(answer, { code: 'ERR_CLOSED' })
})

test('await using closes', async (t) => {
  const { python } = fakeHandler(t)
  await python[Symbol.asyncDispose]()
  assert.equal(python.stats().state, 'closed')
})

test('handleRequestSync() took any value for idempotent', (t) => {
  const { python } = fakeHandler(t)
  assert.throws(() => python.handleRequestSync({ url: '/', idempotent: 'yes' }),
    { code: 'ERR_INVALID_OPTION', option: 'idempotent' })
})

test('a message about a timeout that is text looked as if it were a number', async (t) => {
  const { python } = fakeHandler(t)
  await assert.rejects(python.reload({ timeout: '5' }),
    { code: 'ERR_INVALID_OPTION', message: /not "5"$/ })
})

test('a body that failed while its request waited for a worker ended Node', async (t) => {
  const { python } = fakeHandler(t, {}, { app: echo })
  const body = new Readable({ read () {} })
  const answer = python.handleRequest({ url: '/', method: 'POST', body })
  body.destroy(new Error('gone'))
  await assert.rejects(answer, /gone/)
})
