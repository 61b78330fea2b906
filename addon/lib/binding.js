/**
 * Loads the native addon. Everything above takes the binding as an argument, so that policy can be
 * tested without it.
 */

import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

import { NodeAsgiError } from './errors.js'

/**
 * @typedef {object} EventTypes
 * @property {number} RESPONSE_START
 * @property {number} BODY
 * @property {number} CREDIT
 * @property {number} APP_ERROR
 * @property {number} CLOSED
 * @property {number} READY
 * @property {number} STARTUP_FAILED
 * @property {number} STOPPED
 * @property {number} ACCEPT
 * @property {number} MESSAGE
 * @property {number} CLOSE
 * @property {number} TRAILERS
 * @property {number} FILE
 * @property {number} EARLY_HINT
 * @property {number} PUSH
 * @property {number} CONTINUE
 * @property {number} PONG
 * @property {number} CORRUPT
 */

/**
 * One worker's pair of rings. A new channel does not keep the event loop alive.
 *
 * `onEvents` is called once a drain, with the bytes that its small bodies share and then
 * `eventStride` arguments an event, of which the first two are the type and the stream (0: none).
 * Bytes are undefined for none, a Buffer, or a number for the next so many of the shared ones:
 *
 *     RESPONSE_START   status, headers "name\0value\0name\0value", bytes, end
 *     BODY             -, -, bytes, end
 *     CREDIT           bytes that may be written now
 *     APP_ERROR        [type, message, traceback], whether the response had started
 *     CLOSED           the application ended without a complete response
 *     READY            information as JSON
 *     STARTUP_FAILED   [kind, type, message, traceback]
 *     ACCEPT           subprotocol or '', headers as in RESPONSE_START: a WebSocket is open
 *     MESSAGE          whether it is text, -, bytes, whether it is the end of a message
 *     CLOSE            code, reason: the application closed or (before ACCEPT) refused a WebSocket
 *     TRAILERS         headers as in RESPONSE_START: the body is complete
 *     FILE             status, headers, absolute path as latin-1: the body is in that file
 *     EARLY_HINT       values of link headers, joined by "\0"
 *     PUSH             path of a request that the client will make, its headers
 *     CONTINUE         the application wants the body that the client keeps back
 *     STOPPED, PONG    -
 *     CORRUPT          what the worker did against the protocol; no further events follow
 *
 * One event ends a stream: RESPONSE_START or BODY with `end`, TRAILERS, FILE, CLOSE,
 * APP_ERROR, or CLOSED. A stream that
 * was aborted hears of its end only, as CLOSED.
 * @typedef {object} Channel
 * @property {(head: string, body: Uint8Array | undefined, end: boolean) => number} request
 *   Opens a stream and returns its id. The head (see head.js) is latin-1, the body at most
 *   `limits.chunk` bytes. Throws an error with a code for what HTTP cannot carry.
 * @property {(stream: number, bytes: Uint8Array, end: boolean) => number} write
 *   Returns how many bytes it took. When that is not all of them, `end` was not taken either, and
 *   CREDIT tells when to go on. A stream that has ended swallows everything.
 * @property {(stream: number, length: number) => void} consumed
 *   As many bytes of the response, or of messages, have left the hands of JavaScript. The end of a
 *   message counts `limits.messageOverhead` more.
 * @property {(head: string) => number} connect Opens a WebSocket's stream and returns its id.
 * @property {(stream: number, bytes: Uint8Array, text: boolean) => number} message
 *   Sends a message, or what is left of one, and returns how many bytes it took. When that is not
 *   all of them (-1 for an empty message), CREDIT tells when to go on. Text must be valid UTF-8.
 * @property {(stream: number, code: number, reason: string) => void} closeSocket
 *   The WebSocket is closed; the reason takes `limits.closeReason` bytes at most.
 * @property {(stream: number) => void} abort The client is gone.
 * @property {(stream: number) => void} cancel the application's task, after an abort
 * @property {(patience: number) => void} stop Asks the worker to finish and exit; what is not done
 *   in so many milliseconds is cancelled. May be called again with another patience.
 * @property {() => boolean} drain Delivers what lies in the ring, up to some frames: whether there is
 *   more. For the last words of a worker that is gone.
 * @property {() => void} ring Rings a bell that is held until the turn of the loop ends.
 * @property {() => void} ping Answered with PONG by the worker's event loop.
 * @property {(control: Control, timeoutMs: number) => boolean} wait
 *   Blocks until the worker or the control socket has something, and delivers it. False: timeout.
 * @property {() => void} ref
 * @property {() => void} unref
 * @property {() => void} close Unmaps the rings; no events afterwards.
 */

/**
 * @typedef {{ type: 'server_ready', info: string }
 *   | { type: 'server_failed', errorType: string, message: string, traceback: string }
 *   | { type: 'forked', worker: number, pid: number }
 *   | { type: 'exited', worker: number, pid: number, code: number | null, signal: number }
 *   | { type: 'closed' }
 *   | { type: 'corrupt', message: string }} ControlMessage
 */

/**
 * A captured output: the read end of a pipe, or (in tests) a stream.
 * @typedef {number | import('node:stream').Readable} OutputSource
 */

/**
 * The control socket of one fork server, and the lifeline of all that runs below it.
 * @typedef {object} Control
 * @property {number} childFd to be the child's descriptor 3
 * @property {number} lifelineFd to be the child's descriptor 4
 * @property {(pid?: number) => void} spawned The child has its descriptors: closes this side's
 *   copies. With the pid it is reaped, should this thread end before it.
 * @property {() => void} reaped The child's exit status has been taken.
 * @property {(settings: string) => void} init
 * @property {(worker: number, channel: Channel) =>
 *   { stdout: OutputSource, stderr: OutputSource }} fork
 *   The caller owns what it returns.
 * @property {(worker: number, signal: number) => void} kill
 * @property {() => void} ref
 * @property {() => void} unref
 * @property {() => void} close Everything below exits.
 */

/**
 * @typedef {object} Binding
 * @property {{ chunk: number, window: number, head: number, messageOverhead: number,
 *   closeReason: number, minRing: number, defaultRing: number }} limits in bytes
 * @property {string[]} headFields what stands before the headers in a head, in this order
 * @property {Record<string, string>} features see Feature in head.js
 * @property {number} wireVersion
 * @property {number} stacksSignal makes a worker print the stacks of all its threads
 * @property {EventTypes} eventTypes
 * @property {number} eventStride
 * @property {new (onMessage: (message: ControlMessage) => void) => Control} Control
 * @property {new (options: { requestRing: number, responseRing: number, spin: number },
 *   onEvents: (bytes: Buffer | undefined, ...events: any[]) => void) => Channel} Channel
 */

const buildDirectory = new URL(
  `../../build/${process.env.NODE_ASGI_BUILD || 'release'}/`,
  import.meta.url
)

const addonPath = fileURLToPath(new URL('node_asgi.node', buildDirectory))

/** The Python extension module that the fork server loads. */
export const workerModulePath = fileURLToPath(new URL('_worker.abi3.so', buildDirectory))

/** The program that the fork server runs. */
export const workerMain = fileURLToPath(new URL('../../worker/python/main.py', import.meta.url))

/** @type {Binding | null} */
let loaded = null

/**
 * Loads on first use, so that `Request`, `Headers` and the errors are usable without a build.
 * @returns {Binding}
 */
export function loadBinding () {
  if (loaded !== null) return loaded
  try {
    loaded = /** @type {Binding} */ (createRequire(import.meta.url)(addonPath))
  } catch (error) {
    throw new NodeAsgiError(
      'ERR_BINDING_NOT_FOUND',
      `the native addon could not be loaded from ${addonPath}; build it with \`npm run build\`` +
      ` (${/** @type {Error} */ (error).message})`,
      { cause: error }
    )
  }
  return loaded
}
