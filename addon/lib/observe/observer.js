/**
 * What an observer of a handler implements (types only). observers.js calls it.
 */

/** @typedef {import('./request-record.js').RequestRecord} RequestRecord */

/**
 * The stream of a request (stream/request-stream.js), as far as this folder uses it.
 * @typedef {object} ObservedStream
 * @property {string} head
 * @property {boolean} isWebSocket
 * @property {boolean} isIncoming
 * @property {number} sentAt
 * @property {object | null} observed
 */

/**
 * Every method may be missing. What one throws becomes an uncaught exception. Streams are internal
 * and must not be kept; records may be.
 * @typedef {object} Observer
 * @property {(request: RequestRecord, stream: any) => void} [onStart] the handler has taken the
 *   request, and headers may be set
 * @property {(request: RequestRecord, stream: any) => void} [onSent] a worker has it
 * @property {(request: RequestRecord, stream: any) => void} [onResponse] the response has started,
 *   or the WebSocket is open
 * @property {(request: RequestRecord, stream: any) => void} [onEnd] its outcome is known
 * @property {(name: string, details: object) => void} [onEvent] an event of the handler
 * @property {(text: string, source: { worker: number, pid: number }) => void} [onErrorLogged]
 *   Python has logged an error; worker 0 is the fork server
 */

export {}
