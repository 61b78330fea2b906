// Load process (load-process.js) that reads event streams over HTTP/1.1, HTTP/2 or a WebSocket. A
// load is { via, port, http2Port } and what measureEvents() takes. HTTP/1.1 and WebSockets are read
// without a parser, so that the client takes little of the machine.
import { connect } from 'node:net'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { answerLoads } from './load-process.js'
import { measureEvents } from './token-events.js'

const UPGRADE = 'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n' +
  'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'

/** Streams on one connection of HTTP/2. */
const STREAMS_EACH = 100

/** A ping, which no event contains: servers close the connection if none is answered. */
const PING = /\x89([\0-\x7d])/

/** Sends the pongs for the pings in what a server has sent, with a mask of zeros. */
function answerPings (socket, text) {
  const ping = PING.exec(text)
  if (ping === null) return
  const [{ length }, size] = ping
  const payload = text.substr(ping.index + length, size.charCodeAt(0))
  const masked = String.fromCharCode(0x80 | payload.length)
  socket.write(`\x8a${masked}\0\0\0\0${payload}`, 'latin1')
}

/** The text of a frame of a WebSocket begins after two bytes that no event contains. */
const overSocket = (headers, onData = () => {}) => ({ port }) => async (path, onText, onEnd) => {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.setEncoding('latin1')
  socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n${headers}\r\n`)
  socket.on('data', onText)
  socket.on('data', text => onData(socket, text))
  socket.on('error', onEnd)
  socket.on('close', () => onEnd())
  return () => socket.destroy()
}

const VIA = {
  'HTTP/1.1': overSocket(''),
  WebSocket: overSocket(UPGRADE, answerPings),
  'HTTP/2': ({ http2Port }) => {
    const sessions = []
    let streams = 0
    return async (path, onText, onEnd) => {
      if (streams++ % STREAMS_EACH === 0) {
        sessions.unshift(connectHttp2(`http://127.0.0.1:${http2Port}`).on('error', onEnd))
      }
      const stream = sessions[0].request({ ':path': path }).setEncoding('latin1')
      stream.on('data', onText)
      stream.on('error', onEnd)
      stream.on('close', () => onEnd())
      return () => stream.session?.destroy()
    }
  }
}

answerLoads(load => measureEvents(load, VIA[load.via](load)))
