// Load process (load-process.js) of WebSocket messages: each socket sends its next message when the
// echo of the last one has arrived. A load is { port, path, inFlight, seconds }.
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { latenciesOf } from './closed-loop.js'
import { answerLoads } from './load-process.js'

const TEXT = 'x'.repeat(64)

async function open (url) {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  await once(socket, 'open')
  return socket
}

/** Sends on one socket until `end`; resolves when the last echo has arrived. */
function talk (socket, end, latencies) {
  return new Promise((resolve, reject) => {
    let sent = performance.now()
    socket.on('message', data => {
      if (data.length !== TEXT.length) {
        return reject(new Error(`the echo has ${data.length} of ${TEXT.length} bytes`))
      }
      const now = performance.now()
      latencies.push(now - sent)
      if (now >= end) return resolve()
      sent = now
      socket.send(TEXT)
    })
    socket.on('close', code => reject(new Error(`the server closed a socket with ${code}`)))
    socket.on('error', reject)
    socket.send(TEXT)
  })
}

answerLoads(async ({ port, path, inFlight, seconds }) => {
  const sockets = await Promise.all(
    Array.from({ length: inFlight }, () => open(`ws://127.0.0.1:${port}${path}`)))
  const latencies = []
  const started = performance.now()
  try {
    const end = started + seconds * 1000
    await Promise.all(sockets.map(socket => talk(socket, end, latencies)))
    return { seconds: (performance.now() - started) / 1000, ...latenciesOf(latencies) }
  } finally {
    for (const socket of sockets) socket.terminate()
  }
})
