import { Duplex } from 'node:stream'

import { clientGoneError } from '../errors.js'

/** @type {WeakMap<Duplex, AbortSignal>} */
const signals = new WeakMap()

/**
 * What aborts requests when the connection that they arrived on closes. It is one signal for all
 * requests of a connection, which may be many, so that each does not add a listener to the socket.
 * @param {unknown} socket a socket or a stream of HTTP/2, or only addresses
 * @returns {AbortSignal | null} null: there is no connection
 */
export function connectionSignal (socket) {
  if (!(socket instanceof Duplex)) return null
  let signal = signals.get(socket)
  if (signal === undefined) {
    const controller = new AbortController()
    const abort = () => controller.abort(clientGoneError())
    signals.set(socket, signal = controller.signal)
    if (socket.destroyed) abort()
    else socket.once('close', abort)
  }
  return signal
}
