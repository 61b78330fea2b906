// Serves an application through node:http and node-asgi, and with `http2Port` over HTTP/2 without
// TLS, too. Its options are one JSON argument. Sends
// its parent a message with the milliseconds that each replacement of a worker took.
import { createServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { PythonHandler } from 'node-asgi'

const { port, http2Port, ...options } = JSON.parse(process.argv[2])
const python = new PythonHandler({ ...options, logger: false })
let exitedAt = 0
python.on('worker:exit', () => { exitedAt = performance.now() })
python.on('worker:ready', () => {
  if (exitedAt > 0) process.send({ replaced: performance.now() - exitedAt })
})
await python.ready
const server = createServer()
python.attach(server)
server.listen(port, '127.0.0.1')
if (http2Port !== undefined) {
  const http2 = createHttp2Server()
  python.attach(http2)
  http2.listen(http2Port, '127.0.0.1')
}
process.on('SIGTERM', () => {
  server.close()
  server.closeAllConnections()
  python.close({ timeout: 0 }).then(() => process.exit())
})
