import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { createSecureServer as createHttp2Server } from 'node:http2'
import type { Readable } from 'node:stream'
import {
  type AppError, type PoolStats, Python, PythonHandler, type Response, type StreamingResponse,
  type WorkerExitDetails
} from 'node-asgi'
import { type Equal, expectTrue } from './expect.js'

const handler = new PythonHandler({ docroot: './app', appTarget: 'main:app', workers: 8 })
expectTrue<Equal<typeof Python, typeof PythonHandler>>()

expectTrue<Equal<typeof handler.ready, Promise<void>>>()

const buffered = handler.handleRequest({
  method: 'POST',
  url: '/items?x=1',
  headers: { accept: '*/*', 'x-list': ['a', 'b'], 'content-length': 3 },
  body: Buffer.from('abc')
})
expectTrue<Equal<typeof buffered, Promise<Response>>>()

const streaming = handler.handleStream({ url: new URL('http://localhost/') }, {
  signal: AbortSignal.timeout(1000),
  timeout: 500
})
expectTrue<Equal<typeof streaming, Promise<StreamingResponse>>>()
streaming.then(async (response) => {
  expectTrue<Equal<typeof response.body, Readable>>()
  for await (const chunk of response) expectTrue<Equal<typeof chunk, Buffer>>()
})

handler.handleRequest({ url: '/' }, new AbortController().signal)
handler.handleRequest(new Request('http://localhost/'))
expectTrue<Equal<ReturnType<typeof handler.handleRequestSync>, Response>>()
expectTrue<Equal<ReturnType<typeof handler.fetch>, Promise<globalThis.Response>>>()
const { fetch } = handler
fetch('/x')
fetch(new URL('http://h/'), { method: 'POST', body: new FormData(), signal: null })
fetch(new Request('http://h/'), { headers: [['a', 'b']] })
handler.handleRequest({ url: '/', body: new URLSearchParams({ a: '1' }) })
handler.handleRequest({ url: '/', body: new Blob(['x']) })
expectTrue<Equal<ReturnType<typeof handler.stats>, PoolStats>>()
expectTrue<Equal<ReturnType<typeof handler.close>, Promise<void>>>()
handler.close({ timeout: 0 })

createServer(handler.listener)
createServer((req, res) => handler.listener(req, res, { prefix: '/api' }))
createSecureServer({}, handler.listener)
createHttp2Server({}, handler.listener)

handler.on('worker:exit', (details) => expectTrue<Equal<typeof details, WorkerExitDetails>>())
handler.on('app:error', (error, source) => {
  expectTrue<Equal<typeof error, AppError>>()
  expectTrue<Equal<typeof source.pid, number>>()
})
handler.on('reload', ({ error, generation, duration }) => {
  expectTrue<Equal<typeof error, Error | null>>()
  expectTrue<Equal<typeof generation | typeof duration, number>>()
})
handler.on('worker:recycle', ({ reason }) =>
  expectTrue<Equal<typeof reason, 'requests' | 'memory' | 'age' | 'asked'>>())
handler.on('pool:resize', ({ reason }) =>
  expectTrue<Equal<typeof reason, 'load' | 'idle' | 'asked'>>())
expectTrue<Equal<ReturnType<typeof handler.resize>, Promise<void>>>()
handler.resize(2)
handler.resize({ min: 0, max: 2, idle: 1000 })
handler.on('pool:failed', ({ error }) => expectTrue<Equal<typeof error, Error>>())
handler.on('pool:recovered', () => {})
handler.on('stderr', (line, { level }) =>
  expectTrue<Equal<typeof level, 'debug' | 'info' | 'warn' | 'error' | null>>())
expectTrue<Equal<ReturnType<typeof handler.reload>, Promise<void>>>()
handler.reload({ timeout: 1000 })
handler.on('stdout', (line) => expectTrue<Equal<typeof line, string>>())

async function scoped () {
  await using scopedHandler = new PythonHandler()
  await scopedHandler.ready
}
scoped()

// @ts-expect-error: url is required
handler.handleRequest({ method: 'GET' })
// @ts-expect-error: a body cannot be a number
handler.handleRequest({ url: '/', body: 5 })
// @ts-expect-error: a header value must be a string or a number
handler.handleRequest({ url: '/', headers: { a: true } })
// @ts-expect-error: limits must be in an object
handler.handleRequest({ url: '/' }, 500)
// @ts-expect-error: a web Request's body cannot be read synchronously
handler.handleRequestSync(new Request('http://localhost/'))
// @ts-expect-error: ready is read-only
handler.ready = Promise.resolve()
