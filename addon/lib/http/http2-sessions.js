/**
 * Ends HTTP/2 sessions.
 *
 * - Those that are dead although Node keeps them open. After a frame that breaks the protocol,
 *   nghttp2 says GOAWAY and neither reads nor writes any more. Node does not notice, not even when
 *   the client closes the connection, so the streams of the session would stay in flight.
 * - Those whose client makes requests and resets them at once. That costs the client nothing, and
 *   the streams do not count in maxConcurrentStreams.
 *
 * And it ends connections whose session is over, if the client does not. Node waits for it.
 */

import { Clock } from '../util/clock.js'
import { http2 } from '../util/lazy.js'

/** Milliseconds. */
const TURN = 1000

/** Turns that a client has to close its connection after the session has ended. */
const LINGER = 2

/** Requests that a client may give up at once: a page with many parts that is left. */
const MAX_RESETS = 200

/** Requests that a client may give up in each turn, for example while its user types. */
const RESETS_PER_TURN = 20

/**
 * Of the connection of a session, in bytes.
 * @typedef {object} Progress
 * @property {number} read
 * @property {number} written
 * @property {boolean} suspect it has read something since it was last known to be alive
 * @property {number} resets requests that the client gave up, less those that are forgiven
 * @property {number} over turns since the session ended
 * @property {import('node:net').Socket} socket
 */

/** @type {Map<any, Progress>} */
const sessions = new Map()

const clock = new Clock(TURN, () => {
  for (const [session, progress] of sessions) look(session, progress)
  return sessions.size > 0
})

/** @param {any} session of a server; may be given more than once */
export function watchSession (session) {
  if (sessions.has(session) || session.destroyed) return
  // `session.socket` is a proxy without the methods that end it. This returns the socket itself.
  const socket = session.socket.setMaxListeners(session.socket.getMaxListeners())
  sessions.set(session, { socket, read: 0, written: 0, suspect: false, resets: 0, over: 0 })
  // This event comes when the connection has ended, too.
  session.once('close', () => sessions.delete(session))
  clock.start()
}

/**
 * The client has given up a request before its response was complete.
 * @param {any} session
 */
export function countReset (session) {
  const progress = sessions.get(session)
  if (progress === undefined || ++progress.resets <= MAX_RESETS) return
  session.destroy(http2().constants.NGHTTP2_ENHANCE_YOUR_CALM)
}

/**
 * A session can only die of what it reads, and one that goes on writing is alive. If it does not, a
 * ping shows whether it could.
 * @param {any} session
 * @param {Progress} progress
 */
function look (session, progress) {
  if (session.destroyed && ++progress.over >= LINGER) progress.socket.destroy()
  if (session.destroyed || session.connecting) return
  progress.resets = Math.max(0, progress.resets - RESETS_PER_TURN)
  const { bytesRead, bytesWritten } = session.socket
  if (progress.suspect && bytesWritten === progress.written) {
    // The answer is not a reason to ask again.
    session.ping(() => { if (!session.destroyed) progress.read = session.socket.bytesRead })
    setImmediate(() => { if (isDead(session)) session.destroy() })
  }
  progress.suspect = bytesRead !== progress.read
  progress.read = bytesRead
  progress.written = bytesWritten
}

/**
 * Whether there is something to send and nothing keeps it from being sent.
 * @param {any} session that has been given a ping
 */
function isDead (session) {
  return !session.destroyed && session.state.outboundQueueSize > 0 &&
    session.socket._handle?.writeQueueSize === 0
}
