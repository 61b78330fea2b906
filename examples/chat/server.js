// The WebSockets are in Node, and Python decides what becomes of each message: node server.js
import { on } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'

import express from 'express'
import { PythonHandler } from 'node-asgi'
import { WebSocketServer } from 'ws'

const folder = fileURLToPath(new URL('.', import.meta.url))

/** A client that has not read so many bytes has gone, or is too slow. */
const MAX_UNREAD = 1_000_000

const python = new PythonHandler({ docroot: folder, workers: 2 })
const app = express().use(express.static(`${folder}public`))
const server = createServer(app)
const sockets = new WebSocketServer({ server, path: '/chat', maxPayload: 10_000 })

function broadcast (message) {
  for (const client of sockets.clients) {
    if (client.bufferedAmount > MAX_UNREAD) client.terminate()
    else client.send(message)
  }
}

sockets.on('connection', async (client, req) => {
  const name = new URL(req.url, 'http://node').searchParams.get('name') // your own login goes here
  try {
    // One message after the other. Those that wait do not pile up: the socket is paused.
    const messages = on(client, 'message', { close: ['close'], highWaterMark: 10, lowWaterMark: 1 })
    for await (const [text] of messages) {
      const response = await python.handleRequest({
        method: 'POST',
        url: '/messages',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ text: String(text) }),
        scope: { name }
      })
      if (response.ok) broadcast(response.text())
      else client.send(JSON.stringify({ error: response.json().detail }))
    }
  } catch (error) {
    console.error(error)
    client.close(1011)
  }
})

server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`)
})

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    server.close()
    for (const client of sockets.clients) client.close(1001)
    await python.close()
    server.closeAllConnections()
  })
}
