/**
 * What a pool gives requests to (types only): a worker, or an endpoint of a remote application. It
 * puts itself between the stream of a request and whatever answers it: to the stream it is a
 * Carrier (stream/carrier.js), which calls the stream back with what arrives.
 */

/** @typedef {import('../stream/request-stream.js').RequestStream} RequestStream */

/**
 * @typedef {object} Member
 * @property {number} id
 * @property {number} inFlight requests that it has, including WebSockets
 * @property {number} sockets open WebSockets, for which `concurrency` does not count
 * @property {(stream: RequestStream) => void} send takes a request. It calls `opened` of the stream
 *   when the request is on its way, and then `respond`, `receive` and so on. One that it cannot
 *   send fails, and nothing else does
 * @property {() => RequestStream[]} streams the requests that it has, oldest first
 */

export {}
