/**
 * Requests that ask to upgrade their connection (RFC 9110, section 7.8). Once a server has a
 * listener for 'upgrade', Node gives it all of them, and does not read their bodies. Those that are
 * not for WebSocket, such as `Upgrade: h2c` of curl and Java, have to be answered like any other.
 */

import http, { ServerResponse } from 'node:http'

import { connectionOf } from './connection.js'

/** Node drops what comes after this number of names and values. */
const MAX_PARTS = 2000

const TOO_LARGE =
  'HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'

/**
 * Whether a request is a WebSocket handshake. HTTP/1.0 has no upgrades.
 * @param {any} req
 * @returns {boolean}
 */
export function isHandshake (req) {
  return req.httpVersion !== '1.0' && listOf(req.headers?.upgrade).includes('websocket')
}

/**
 * @param {string | undefined} value of a header
 * @returns {string[]} its elements in lowercase
 */
function listOf (value = '') {
  return value.toLowerCase().split(',').map((element) => element.trim())
}

/**
 * Waits until earlier requests of the connection have been answered, which is usually so.
 * @param {any} socket that Node's parser has released
 * @param {() => void} then is called unless the connection has ended
 */
export function afterResponses (socket, then) {
  if (!socket._httpMessage) return then()
  // Node has removed its own listeners, but the response needs them.
  const onDrain = () => socket._httpMessage?.emit('drain')
  // An earlier request resumes the socket when it is complete. Nobody would get the data.
  const onResume = () => socket.pause()
  socket.on('drain', onDrain)
  socket.on('error', ignore)
  socket.on('resume', onResume)
  socket.pause()
  const next = () => {
    if (socket._httpMessage) {
      socket._httpMessage.once('close', next)
      return
    }
    socket.off('drain', onDrain)
    socket.off('error', ignore)
    socket.off('resume', onResume)
    // As if nobody had paused or resumed it.
    socket.readableFlowing = null
    if (!socket.destroyed && !socket.writableEnded) then()
  }
  next()
}

/**
 * Gives a request back to its server, which then reads it, and those that follow, as if it had not
 * asked for an upgrade.
 * @param {any} req
 * @param {any} socket
 * @param {Buffer} head what came after the head of the request
 */
export function handBack (req, socket, head) {
  // Since Node 26, the body has been read, or is being read, as part of the request.
  if (socket !== req.socket || req.readableLength > 0) return answerLast(req)
  const { server } = socket
  const limit = server.maxHeadersCount > 0 ? server.maxHeadersCount * 2 : MAX_PARTS
  // One of the headers that are missing may say how long the body is.
  if (req.rawHeaders.length >= limit) {
    socket.on('error', ignore)
    socket.write(TOO_LARGE)
    socket.destroySoon()
    return
  }
  afterResponses(socket, () => {
    // From the response before, after which the connection was idle.
    socket.setTimeout(0)
    const bytes = Buffer.concat([Buffer.from(withoutUpgrade(req), 'latin1'), head])
    const ended = socket.readableEnded
    if (!ended) socket.unshift(bytes)
    listen(server, socket)
    connectionOf(req)?.surroundEnd()
    if (ended) {
      socket.emit('data', bytes)
      socket.emit('end')
    }
  })
}

/**
 * Gives a request to the listeners of its server, and ends the connection after the response.
 * @param {any} req
 */
function answerLast (req) {
  asRequest(req, req.socket, () => {})
}

/**
 * Gives an upgrade to the listeners of its server for requests, in their turn, with a response that
 * ends the connection.
 * @param {any} req
 * @param {any} socket
 * @param {(response: ServerResponse) => void} before is called right before they get it
 */
export function asRequest (req, socket, before) {
  const response = lastResponse(req)
  afterResponses(socket, () => {
    // Node has taken its own listener away, and an error without one ends the process.
    socket.on('error', ignore)
    response.assignSocket(socket)
    before(response)
    socket.server.emit('request', req, response)
  })
}

/**
 * @param {any} req whose parser has released the socket
 * @returns {ServerResponse} which ends the connection
 */
export function lastResponse (req) {
  const response = new ServerResponse(req)
  response.shouldKeepAlive = false
  // A client that keeps its side of the connection open must not keep it for ever.
  response.on('finish', () => req.socket.destroySoon())
  return response
}

/**
 * Lets Node read requests from a socket, as it does with a new connection.
 * @param {any} server
 * @param {any} socket
 */
function listen (server, socket) {
  const { _connectionListener: connectionListener } = /** @type {any} */ (http)
  // The event is the documented way, but tells the user's listeners of a connection that they know.
  if (connectionListener === undefined) {
    server.emit(socket.encrypted ? 'secureConnection' : 'connection', socket)
  } else {
    connectionListener.call(server, socket)
  }
}

/**
 * The head of the request, not longer than it was. Without this element of Connection, Node ignores
 * the header Upgrade.
 * @param {any} req
 */
function withoutUpgrade (req) {
  return headOf(req, req.url, (name, value) => name.toLowerCase() === 'connection'
    ? listOf(value).filter((element) => element !== 'upgrade').join(',')
    : value)
}

/**
 * The head of a request as its client has sent it.
 * @param {any} req
 * @param {string} url
 * @param {(name: string, value: string) => string} [change] makes another value of a header
 */
export function headOf ({ method, httpVersion, rawHeaders }, url, change) {
  let head = `${method} ${url} HTTP/${httpVersion}\r\n`
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const value = rawHeaders[i + 1]
    head += `${rawHeaders[i]}:${change?.(rawHeaders[i], value) ?? value}\r\n`
  }
  return `${head}\r\n`
}

function ignore () {}
