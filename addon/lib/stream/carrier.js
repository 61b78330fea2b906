/**
 * The interface that connects a stream to the worker that has its request. A stream knows nothing
 * else about workers. in-flight.js implements it for the requests and WebSockets of a worker, and
 * http-request.js and socket-request.js for one that a remote endpoint has; a method does nothing
 * once the worker has ended the stream.
 */

/**
 * Carries an HTTP request.
 * @typedef {object} Carrier
 * @property {{ id: number, pid: number }} worker
 * @property {(id: number, bytes: Uint8Array, end: boolean) => number} write sends a piece of the
 *   request body; returns how many bytes were taken, the rest has to wait for credit
 * @property {(id: number, length: number) => void} consumed the consumer has taken that many bytes
 *   of the response, so the application may send as many more
 * @property {(bytes: Buffer) => void} [recycle] takes back a piece of a body that nobody uses any
 *   more; missing if that would save nothing
 * @property {(id: number, error: Error) => void} abort nobody waits for the response any more,
 *   because of the error
 */

/**
 * Carries a WebSocket, and the HTTP response of an application that refuses it.
 * @typedef {Carrier & {
 *   messageOverhead: number,
 *   message: (id: number, bytes: Uint8Array, text: boolean) => number,
 *   closeSocket: (id: number, code: number, reason: string) => void
 * }} SocketCarrier
 *   messageOverhead: bytes that the end of a message counts for in flow control;
 *   message: sends a message, returns how many bytes were taken (-1: not even an empty message);
 *   closeSocket: tells the application that the client has closed the WebSocket
 */

export {}
