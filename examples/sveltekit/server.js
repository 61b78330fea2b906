// Instead of `node build`: WebSockets, too.
import { createServer } from 'node:http'

import { PythonHandler } from 'node-asgi'

import { handler } from './build/handler.js'

// The same handler as in src/lib/server/python.ts, because the options are the same.
const python = PythonHandler.shared({ workers: 1 })
const server = createServer(handler)

server.on('upgrade', (req, socket, head) => python.upgrade(req, socket, head, { prefix: '/api' }))
server.listen(process.env.PORT ?? 3000, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`)
})

process.once('SIGTERM', async () => {
  server.close()
  await python.close()
  server.closeAllConnections()
})
