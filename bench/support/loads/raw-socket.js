// Connections whose bytes are read without a parser, so that a client takes little of the machine.
import { connect } from 'node:net'

/**
 * @param {number} port on 127.0.0.1
 * @param {number} size bytes that the socket reads at a time, into the same memory
 * @param {(bytes: Buffer) => void} onBytes gets what has arrived, and must not keep it
 * @returns {import('node:net').Socket}
 */
export function connectRaw (port, size, onBytes) {
  return connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    onread: {
      buffer: Buffer.allocUnsafe(size),
      callback: (count, buffer) => {
        onBytes(buffer.subarray(0, count))
        return true
      }
    }
  })
}
