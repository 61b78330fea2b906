// Serves the application from workers of its own, or from the addresses in NODE_ASGI_REMOTE:
//   node server.js
//   NODE_ASGI_REMOTE=http://127.0.0.1:8000 node server.js
import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'

import { PythonHandler } from 'node-asgi'

const { NODE_ASGI_REMOTE: remote, PORT = 3000 } = process.env

const python = new PythonHandler({
  docroot: fileURLToPath(new URL('.', import.meta.url)),
  remote
})

const server = createServer(python.listener).listen(PORT, '127.0.0.1')
await Promise.all([once(server, 'listening'), python.ready])
console.log(`http://127.0.0.1:${server.address().port}/`)

process.once('SIGINT', async () => {
  server.close()
  await python.close()
})
