import { createServer } from 'node:http'
import { createSecureServer as createHttp2Server } from 'node:http2'
import {
  type Headers, PythonHandler, type SocketCloseEvent, type SocketMessage, type WebSocketConnection,
  WebSocketRefusedError
} from 'node-asgi'
import { type Equal, expectTrue } from './expect.js'

const handler = new PythonHandler({
  websocket: { maxMessage: 1024, compression: true, pingInterval: 0, pingTimeout: 1000 },
  trustProxy: ['loopback', '10.0.0.0/8'],
  proxyHeaders: ['forwarded']
})

const server = createServer()
server.on('upgrade', handler.upgrade)
handler.attach(server)
handler.attach(createHttp2Server(), { prefix: '/api' })

const opening = handler.connect({ url: '/chat', protocols: ['a', 'b'], headers: { origin: 'x' } },
  { timeout: 1000, signal: AbortSignal.timeout(1000) })
expectTrue<Equal<typeof opening, Promise<WebSocketConnection>>>()
handler.connect('/chat')

opening.then(async (socket) => {
  expectTrue<Equal<typeof socket.protocol, string>>()
  expectTrue<Equal<typeof socket.headers, Headers>>()
  socket.binaryType = 'arraybuffer'
  socket.send('text')
  socket.send(new Uint8Array(1))
  socket.onmessage = ({ data }) => expectTrue<Equal<typeof data, SocketMessage>>()
  socket.onclose = (event) => expectTrue<Equal<typeof event, SocketCloseEvent>>()
  for await (const message of socket) expectTrue<Equal<typeof message, SocketMessage>>()
  socket.close(1000, 'bye')
  // @ts-expect-error: a message must be text or bytes
  socket.send({})
}).catch((error) => {
  if (error instanceof WebSocketRefusedError) {
    expectTrue<Equal<typeof error.status, number>>()
    expectTrue<Equal<typeof error.body, Buffer>>()
  }
})

// @ts-expect-error: only connect() creates one
new WebSocketConnection()
// @ts-expect-error: unknown limit
new PythonHandler({ websocket: { maxSize: 1 } })
// @ts-expect-error: url is required
handler.connect({ protocols: 'a' })
