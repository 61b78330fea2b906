/** An HTTP/2 client that sends any frames that a test wants, also wrong ones. */

import { once } from 'node:events'
import { connect } from 'node:net'

export const Type = {
  DATA: 0,
  HEADERS: 1,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9
}

const END_STREAM = 1
const END_HEADERS = 4

/** Bytes of one frame (RFC 9113, 4.1). */
export function frame (type, flags, stream, payload = Buffer.alloc(0)) {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** A header as a literal without indexing (RFC 7541, 6.2.2). Names and values are short. */
function literal (name, value) {
  const text = (bytes) => Buffer.concat([length(bytes.length), bytes])
  return Buffer.concat([Buffer.from([0]), text(Buffer.from(name, 'latin1')),
    text(Buffer.from(value, 'latin1'))])
}

/** An integer with a prefix of seven bits (RFC 7541, 5.1). */
function length (value) {
  if (value < 127) return Buffer.from([value])
  const bytes = [127]
  for (value -= 127; value >= 128; value = Math.floor(value / 128)) bytes.push(0x80 | value % 128)
  return Buffer.from([...bytes, value])
}

/** The block of a request's headers. */
export function headerBlock (fields) {
  return Buffer.concat(Object.entries(fields).flatMap(([name, value]) =>
    [value].flat().map((item) => literal(name, item))))
}

/** The HEADERS frame of a request, complete unless it says otherwise. */
export function request (stream, path, { fields = {}, end = true } = {}) {
  const block = headerBlock(
    { ':method': 'GET', ':scheme': 'http', ':authority': 'h', ':path': path, ...fields })
  return frame(Type.HEADERS, END_HEADERS | (end ? END_STREAM : 0), stream, block)
}

/** RST_STREAM with CANCEL. */
export function reset (stream) {
  return frame(Type.RST_STREAM, 0, stream, Buffer.from([0, 0, 0, 8]))
}

/** Connects and sends the preface; the socket then takes frames. It ignores errors. */
export async function openHttp2 (port, options = {}) {
  const socket = connect({ port, host: '127.0.0.1', ...options })
  socket.on('error', () => {})
  socket.resume()
  await once(socket, 'connect')
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  socket.write(frame(Type.SETTINGS, 0, 0))
  return socket
}
