// Load process (load-process.js) of WebSocket messages: each socket sends its next message when the
// echo of the last one has arrived. A load is { port, path, inFlight, seconds }. Messages are sent
// and recognised as bytes, so that the client takes little of the machine.
import { latenciesOf } from './closed-loop.js'
import { answerLoads } from './load-process.js'
import { connectRaw } from './raw-socket.js'

const TEXT = 'x'.repeat(64)
const TEXT_FRAME = 0x81 // the whole of a text message
const MASKED = 0x80

/** A client masks what it sends. The mask is 0, which changes nothing. */
const MESSAGE = Buffer.from([TEXT_FRAME, MASKED | TEXT.length, 0, 0, 0, 0, ...Buffer.from(TEXT)])
const ECHO = Buffer.from([TEXT_FRAME, TEXT.length, ...Buffer.from(TEXT)])
const HEAD_END = '\r\n\r\n'

/** Bytes that a socket reads at a time. */
const READ_SIZE = 4096

/** Opens a WebSocket (RFC 6455, 4). `onBytes` of the result gets what arrives from then on. */
function open (port, path) {
  return new Promise((resolve, reject) => {
    let head = ''
    const client = { socket: null, onBytes: null }
    const shake = bytes => {
      head += bytes.latin1Slice()
      if (!head.endsWith(HEAD_END)) return
      if (!head.startsWith('HTTP/1.1 101 ')) return reject(new Error(head))
      resolve(client)
    }
    client.onBytes = shake
    client.socket = connectRaw(port, READ_SIZE, bytes => client.onBytes(bytes))
    client.socket.on('error', reject)
    client.socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\n` +
      'upgrade: websocket\r\nsec-websocket-version: 13\r\n' +
      `sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==${HEAD_END}`)
  })
}

/** Sends on one socket until `end`; resolves when the last echo has arrived. */
function talk (client, end, latencies) {
  const { socket } = client
  return new Promise((resolve, reject) => {
    let sent = performance.now()
    let part = null // of an echo
    client.onBytes = bytes => {
      if (part !== null) bytes = Buffer.concat([part, bytes])
      part = null
      if (bytes.length < ECHO.length) {
        part = Buffer.from(bytes)
        return
      }
      if (!bytes.equals(ECHO)) return reject(new Error(`no echo: ${bytes.toString('hex')}`))
      const now = performance.now()
      latencies.push(now - sent)
      if (now >= end) return resolve()
      sent = now
      socket.write(MESSAGE)
    }
    socket.on('close', () => reject(new Error('the server closed a socket')))
    socket.on('error', reject)
    socket.write(MESSAGE)
  })
}

answerLoads(async ({ port, path, inFlight, seconds }) => {
  const clients = await Promise.all(
    Array.from({ length: inFlight }, () => open(port, path)))
  const latencies = []
  const started = performance.now()
  try {
    const end = started + seconds * 1000
    await Promise.all(clients.map(client => talk(client, end, latencies)))
    return { seconds: (performance.now() - started) / 1000, ...latenciesOf(latencies) }
  } finally {
    for (const { socket } of clients) socket.destroy()
  }
})
