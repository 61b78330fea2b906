/**
 * Ends what would keep a server open that is closing. Node's own servers wait for their WebSockets
 * and for responses without an end, such as event streams, however long those take.
 */

import { serverClosedError } from '../errors.js'

/** @typedef {(server: object) => void} ClosingListener */

/**
 * @typedef {object} Watch
 * @property {Set<ClosingListener>} listeners
 * @property {Function} close the server's, which tells them
 * @property {() => void} restore
 */

/** @type {WeakMap<object, Watch>} */
const watched = new WeakMap()

/** @type {WeakSet<object>} servers that accept no more connections */
const closed = new WeakSet()

/** @type {WeakMap<object, Set<any>>} HTTP/2 sessions with requests of a handler, by server */
const sessions = new WeakMap()

/** The listener that was last added for a session. */
const kListener = Symbol('closing')

/** @param {object} server */
export function isClosing (server) {
  return closed.has(server)
}

/**
 * Calls a listener when a server begins to close. Node has no event for that: 'close' comes after
 * the last connection has ended.
 * @param {any} server
 * @param {ClosingListener} listener is added once, however often it is given
 */
export function onClosing (server, listener) {
  let watch = watched.get(server)
  if (watch === undefined) {
    if (typeof server.close !== 'function') return
    watched.set(server, watch = tellWhenClosing(server))
  }
  watch.listeners.add(listener)
}

/**
 * @param {any} server
 * @param {ClosingListener} listener
 */
export function offClosing (server, listener) {
  const watch = watched.get(server)
  if (watch === undefined || !watch.listeners.delete(listener) || watch.listeners.size > 0) return
  // Something else may have replaced close() since.
  if (server.close === watch.close) watch.restore()
}

/**
 * The same for the server of an HTTP/2 session. In Node 20, a session keeps its server open even
 * when it is idle, so it is closed, too, as later versions do.
 * @param {any} req
 * @param {ClosingListener} listener
 */
export function onSessionClosing (req, listener) {
  const { session } = req.stream
  if (session === undefined || session[kListener] === listener) return
  const server = serverOf(req)
  if (server === undefined) return
  session[kListener] = listener
  onClosing(server, listener)
  let known = sessions.get(server)
  if (known === undefined) sessions.set(server, known = new Set())
  if (known.has(session)) return
  known.add(session)
  session.once('close', () => known.delete(session))
  if (isClosing(server)) session.close()
}

/**
 * @param {any} server
 * @returns {Watch}
 */
function tellWhenClosing (server) {
  /** @type {Watch['listeners']} */
  const listeners = new Set()
  const { close } = server
  const isOwn = Object.hasOwn(server, 'close')
  const onListening = () => closed.delete(server)
  server.close = function (/** @type {any[]} */ ...args) {
    const result = close.apply(this, args)
    closed.add(server)
    for (const session of sessions.get(server) ?? []) session.close()
    for (const listener of listeners) listener(server)
    return result
  }
  server.on('listening', onListening)
  return {
    listeners,
    close: server.close,
    restore () {
      watched.delete(server)
      server.off('listening', onListening)
      if (isOwn) server.close = close
      else delete server.close
    }
  }
}

/**
 * What a handler does when a server begins to close.
 * @typedef {object} Closing
 * @property {ClosingListener} listener closes WebSockets at once; requests get half the budget
 * @property {(server: object) => void} leave forgets a server without requests
 * @property {() => number} left milliseconds that are left of the budget for closing the handler
 */

/**
 * @param {import('../pool/pool.js').Pool} pool
 * @param {number} budget milliseconds for closing servers and the handler together
 * @returns {Closing}
 */
export function createClosing (pool, budget) {
  let began = -Infinity
  // A server that was closed before that is another story.
  const isOver = () => performance.now() - began >= budget

  /** @param {object} server */
  function * streamsOf (server) {
    for (const stream of pool.streams()) {
      // Those that did not come over a network have no request.
      const { req, res } = /** @type {any} */ (stream)
      if (req !== undefined && serverOf(req) === server) yield { stream, req, res }
    }
  }
  /** @type {ClosingListener} */
  function listener (server) {
    if (isOver()) began = performance.now()
    for (const { stream, req, res } of streamsOf(server)) {
      if (req.httpVersionMajor === 1 && res?.headersSent === false) res.shouldKeepAlive = false
      if (stream.isWebSocket) stream.cancel(serverClosedError())
    }
    setTimeout(() => {
      for (const { stream } of streamsOf(server)) stream.cancel(serverClosedError())
    }, budget / 2).unref()
  }
  /** @param {object} server */
  function leave (server) {
    if (streamsOf(server).next().done) offClosing(server, listener)
  }
  return { listener, leave, left: () => isOver() ? budget : budget - (performance.now() - began) }
}

/**
 * @param {any} req
 * @returns {object | undefined}
 */
export function serverOf (req) {
  try {
    return req.socket?.server
  } catch {
    // The session of an HTTP/2 request has ended.
    return undefined
  }
}
