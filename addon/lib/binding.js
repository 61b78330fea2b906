/**
 * Loads the native addon, and declares what it exports. The handler passes the binding on as an
 * argument, so that everything below can be tested with a fake one.
 */

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { findNativeFiles } from './native/find.js'

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
 * @property {number} HANG_UP
 * @property {number} CORRUPT
 */

/**
 * The pair of rings that connects this process to one worker. A new channel does not keep the event
 * loop alive.
 *
 * `onEvents` is called once for each drain. Its first argument holds the bytes that the small
 * bodies of the drain share. After it come `eventStride` arguments for each event, of which the
 * first two are the type and the stream (0: none). The "bytes" of an event are undefined if there
 * are none, a Buffer, or a number n: the next n of the shared bytes.
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
 *     FILE             status, headers: the body is in a file, see takeFile
 *     EARLY_HINT       values of link headers, joined by "\0", what they count in the window
 *     PUSH             path of a request that the client will make, its headers
 *     CONTINUE         the application asks for the body that the client holds back
 *     STOPPED, PONG    -
 *     HANG_UP          the worker has ended, or has closed its bell and cannot wake this process
 *     CORRUPT          how the worker broke the protocol; no further events follow
 *
 * Exactly one event ends a stream: RESPONSE_START or BODY with `end`, TRAILERS, FILE, CLOSE,
 * APP_ERROR, or CLOSED. After an abort, only that end is reported, as CLOSED.
 * @typedef {object} Channel
 * @property {(head: string, body: Uint8Array | undefined, end: boolean) => number} request
 *   Opens a stream and returns its id. The head (see head.js) is latin-1, the body at most
 *   `limits.chunk` bytes. Throws an error with a code if HTTP cannot carry the request.
 * @property {(stream: number, bytes: Uint8Array, end: boolean) => number} write
 *   Returns how many bytes it took. If that is not all of them, it did not take `end` either, and
 *   one CREDIT tells when to continue. Otherwise there is none. Writing to a stream that has ended
 *   does nothing.
 * @property {(stream: number, length: number) => void} consumed
 *   Tells the worker that JavaScript has passed on that many bytes of the response, or of messages.
 *   The end of a message counts `limits.messageOverhead` more.
 * @property {(bytes: Buffer) => void} recycle
 *   Takes back the Buffer of an event, which nobody uses any more: later events may have it.
 * @property {(head: string) => number} connect Opens the stream of a WebSocket and returns its id.
 * @property {(stream: number, bytes: Uint8Array, text: boolean) => number} message
 *   Sends a message, or the rest of one, and returns how many bytes it took. If that is not all of
 *   them (-1 for an empty message), CREDIT tells when to continue. Text must be valid UTF-8.
 * @property {(stream: number, code: number, reason: string) => void} closeSocket
 *   The WebSocket is closed. The reason may have `limits.closeReason` bytes.
 * @property {(stream: number) => void} abort The client is gone.
 * @property {(stream: number) => void} cancel Cancels the application's task, after an abort.
 * @property {(patience: number) => void} stop Asks the worker to finish and exit. After `patience`
 *   milliseconds it cancels the tasks that are left. May be called again with another patience.
 * @property {() => boolean} drain Delivers a limited number of frames from the ring, and returns
 *   whether there are more. For what a worker wrote before it ended.
 * @property {(stream: number) => number} takeFile The descriptor of the file of a FILE event, which
 *   the caller owns from then on. It may refer to anything that the worker could open. Files that
 *   are not taken during the call of `onEvents` are closed after it. Throws ERR_NO_RESOURCES if
 *   this process has no room for another descriptor.
 * @property {() => void} ring Rings a bell that is otherwise held until the turn of the loop ends.
 * @property {() => void} look Delivers soon what the worker has sent without ringing, if anything.
 * @property {() => RingUsage} usage How full the rings are now; zeros once it is closed.
 * @property {() => void} ping The worker's event loop answers with PONG.
 * @property {(control: Control, timeoutMs: number) => boolean} wait
 *   Blocks until the worker or the control socket has something, and delivers it. False: timeout.
 * @property {() => void} ref
 * @property {() => void} unref
 * @property {() => void} close Unmaps the rings. No events follow.
 */

/**
 * @typedef {object} RingUsage
 * @property {number} request bytes of the ring to the worker that it has not freed
 * @property {number} response bytes of the ring from the worker that this process has not freed
 * @property {number} backlog bytes for the worker that wait for room in the ring
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
 * Output that is captured: the read end of a pipe, or (in tests) a stream.
 * @typedef {number | import('node:stream').Readable} OutputSource
 */

/**
 * The control socket of one fork server, and the lifeline of all processes below it.
 * @typedef {object} Control
 * @property {number} childFd becomes descriptor `descriptors.control` of the child
 * @property {number} lifelineFd becomes descriptor `descriptors.lifeline` of the child
 * @property {(pid?: number) => void} spawned The child has its descriptors: closes this side's
 *   copies. With the pid, the child is reaped if this thread ends first.
 * @property {() => void} reaped The child's exit status has been taken.
 * @property {(pid: number) => void} reapOrphan A process of a fork server that has ended, which
 *   becomes a child of this process if that is the first one of a container: it will be reaped.
 * @property {(settings: string) => void} init
 * @property {(worker: number, channel: Channel) =>
 *   { stdout: OutputSource, stderr: OutputSource }} fork
 *   The caller owns what it returns.
 * @property {(worker: number, signal: number) => void} kill
 * @property {() => void} ref
 * @property {() => void} unref
 * @property {() => void} close Every process below exits.
 */

/**
 * The numbers of the protocol that JavaScript needs. No other file repeats them.
 * @typedef {object} Limits
 * @property {number} chunk bytes of body in one frame
 * @property {number} window bytes of body that a stream may have under way in one direction
 * @property {number} head bytes of a head
 * @property {number} messageOverhead bytes that a WebSocket message counts in addition to its own
 * @property {number} closeReason bytes of the reason of a WebSocket's close
 * @property {number} minRing bytes
 * @property {number} maxRing bytes
 * @property {number} defaultRing bytes
 * @property {number} minStatus of a response
 * @property {number} maxStatus of a response
 * @property {number} minCloseCode of a WebSocket (RFC 6455, 7.4)
 * @property {number} maxCloseCode of a WebSocket
 * @property {number} minAppCloseCode the codes from here on are free for applications
 */

/**
 * How logs.py writes a record of Python's `logging` (common/wire/control.h).
 * @typedef {object} LogMarks
 * @property {string} record starts a record, and is followed by the letter of its level
 * @property {string} newline stands for a newline in the text of a record
 * @property {string} levels the letters of debug, info, warning and error
 */

/**
 * @typedef {object} ProcessUsage
 * @property {number} memory bytes that are resident, including pages that it shares
 * @property {number} cpuTime milliseconds that all its threads have used
 * @property {boolean} runs its main thread runs on a core, or waits for one; on macOS, any thread
 */

/**
 * @typedef {object} Binding
 * @property {Limits} limits
 * @property {{ control: number, lifeline: number }} descriptors that the fork server expects
 * @property {string[]} headFields the fields before the headers in a head, in this order
 * @property {Record<string, string>} features see Feature in head.js
 * @property {number} wireVersion
 * @property {number} stacksSignal makes a worker print the stacks of all its threads and tasks
 * @property {number} outOfMemoryExit the exit code of a worker that has used up its memory
 * @property {LogMarks} logMarks
 * @property {EventTypes} eventTypes
 * @property {number} eventStride
 * @property {(user: string | number) =>
 *   { name: string, uid: number, gid: number, home: string } | null} findUser null: there is none
 * @property {(group: string) => number | null} findGroup its number; null: there is none
 * @property {() => number} landlockVersion what the kernel offers; 0: nothing
 * @property {(pid: number) => ProcessUsage} processUsage zeros: there is no such process
 * @property {() => void} protect Processes of the same user can no longer trace this one.
 * @property {new (onMessage: (message: ControlMessage) => void) => Control} Control
 * @property {new (options: { requestRing?: number, responseRing?: number, spin: number | 'auto' },
 *   onEvents: (bytes: Buffer | undefined, ...events: any[]) => void) => Channel} Channel
 */

// With its own place in the code, so that file tracers copy the whole folder.
const pythonFolder = new URL('../../worker/python/', import.meta.url)

/** The program that the fork server runs. */
export const workerMain = join(fileURLToPath(pythonFolder), 'main.py')

/** @type {import('./native/find.js').NativeFiles | null} */
let files = null
/** @type {Binding | null} */
let loaded = null

const nativeFiles = () => (files ??= findNativeFiles())

/** @returns {string} the Python extension module that the fork server loads */
export const workerModule = () => nativeFiles().worker

/**
 * Loads on first use, so that `Request`, `Headers` and the errors are usable without the addon.
 * @returns {Binding}
 */
export const loadBinding = () => (loaded ??= nativeFiles().loadAddon())
