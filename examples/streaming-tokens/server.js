// Serves the page from Node and the tokens from Python: node server.js
import { once } from 'node:events'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

import express from 'express'
import { PythonHandler } from 'node-asgi'

const folder = (url) => dirname(fileURLToPath(url))

const python = new PythonHandler({
  docroot: folder(import.meta.url),
  timeouts: { drain: 3000 } // an answer that takes longer is cut off when the server stops
})

const app = express()
app.use(express.static(`${folder(import.meta.url)}/public`))
app.use('/eventsource-parser', express.static(folder(import.meta.resolve('eventsource-parser'))))

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1')
python.attach(server, { prefix: '/api' })
await Promise.all([once(server, 'listening'), python.ready])
console.log(`Open http://127.0.0.1:${server.address().port}/`)

process.once('SIGINT', async () => {
  server.close()
  await python.close()
})
