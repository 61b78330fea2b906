/**
 * Makes the requests that relay.py asks for: one Unix socket connection per request, JSON lines in
 * both directions.
 */

import { createServer } from 'node:net'
import { createInterface } from 'node:readline'

import { WebSocketRefusedError } from '../../addon/lib/index.js'

/**
 * @param {import('../../addon/lib/index.js').PythonHandler} handler
 * @param {string} path of the socket
 */
export async function listen (handler, path) {
  const server = createServer((socket) => {
    const tell = (type, values = {}) => { socket.write(`${JSON.stringify({ type, ...values })}\n`) }
    const lines = createInterface({ input: socket })
    // A test may leave while it is answered.
    for (const side of [socket, lines]) side.on('error', () => socket.destroy())
    lines.once('line', async (line) => {
      const request = JSON.parse(line)
      try {
        const make = request.type === 'http' ? http : websocket
        await make(handler, request, { socket, lines, tell })
      } catch (error) {
        tell('error', { message: error.message })
      }
      socket.end()
    })
  })
  await new Promise((resolve) => server.listen(path, resolve))
  return server
}

async function http (handler, { method, url, headers, body }, { socket, tell }) {
  const gone = new AbortController()
  socket.on('close', () => gone.abort())
  const response = await handler.handleStream({
    method,
    url,
    headers: [...headers, ['te', 'trailers']],
    body: body === '' ? null : Buffer.from(body, 'base64')
  }, { signal: gone.signal })
  tell('start', { status: response.status, headers: response.headers.entries() })
  for await (const piece of response.body) tell('body', { body: piece.toString('base64') })
  tell('end', { trailers: response.trailers.entries() })
}

async function websocket (handler, { url, headers, protocols }, { socket, lines, tell }) {
  const connection = await handler.connect({
    url,
    headers: headers.filter(([name]) => name !== 'sec-websocket-protocol'),
    protocols
  }).catch((error) => {
    if (!(error instanceof WebSocketRefusedError)) throw error
    const { status, headers, body } = error
    tell('refused', { status, headers: headers.entries(), body: body.toString('base64') })
  })
  if (connection === undefined) return
  tell('accept', { subprotocol: connection.protocol, headers: connection.headers.entries() })
  lines.on('line', (line) => {
    const message = JSON.parse(line)
    if (message.type === 'text') connection.send(message.text)
    else if (message.type === 'bytes') connection.send(Buffer.from(message.bytes, 'base64'))
    else leave(connection, message)
  })
  socket.on('close', () => connection.close())
  connection.onmessage = ({ data }) => {
    if (typeof data === 'string') tell('text', { text: data })
    else tell('bytes', { bytes: data.toString('base64') })
  }
  const { code, reason } = await new Promise((resolve) => { connection.onclose = resolve })
  tell('close', { code, reason })
}

/**
 * Closes a connection. Like the WebSocket of browsers it allows some codes only, whereas TestClient
 * closes with any.
 */
function leave (connection, { code, reason }) {
  if (code === 1000 || (code >= 3000 && code <= 4999)) connection.close(code, reason)
  else connection.close()
}
