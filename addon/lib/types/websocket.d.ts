import type { Headers, HeadersInit, ScopeData, SocketInfo } from './http.js'

/** The request for a WebSocket. */
export interface SocketRequest {
  /** A path, or an absolute URL with `ws:`, `wss:`, `http:` or `https:`. */
  url: string | URL
  /** The headers of the request. `host` is added for an absolute URL if it is missing. */
  headers?: HeadersInit | null
  /** The path that the application is mounted under (`root_path`); the URL may include it. */
  prefix?: string
  /** What Node tells Python about the WebSocket. */
  scope?: ScopeData | null
  /** The subprotocols to offer, the preferred one first. */
  protocols?: string | string[]
  /** The connection that the application sees as `client` and `server` of its scope. */
  socket?: SocketInfo | null
}

/** The `message` event of a {@link WebSocketConnection}. */
export interface SocketMessageEvent extends Event {
  /** The message. */
  readonly data: SocketMessage
}

/** The `close` event of a {@link WebSocketConnection}. */
export interface SocketCloseEvent extends Event {
  /**
   * The close code (RFC 6455, 7.4): the one that was given, 1005 if none was given, 1009 if a
   * message was too long, 1011 if the application or its worker failed, 1012 if the worker was
   * replaced.
   */
  readonly code: number
  /** The reason that was given, or `''`. */
  readonly reason: string
  /** Whether one of the sides closed it. `false` if an error did. */
  readonly wasClean: boolean
}

/** The `error` event of a {@link WebSocketConnection}. A `close` event follows it. */
export interface SocketErrorEvent extends Event {
  /** What happened. */
  readonly error: Error
  /** The message of the error. */
  readonly message: string
}

/**
 * A received message: a string for text; for bytes a `Buffer` or an `ArrayBuffer`, see
 * {@link WebSocketConnection.binaryType}.
 */
export type SocketMessage = string | Buffer | ArrayBuffer

/**
 * A WebSocket to the application without a network, with the interface of the web's `WebSocket`.
 * `handler.connect()` creates it.
 *
 * Read it with listeners or with a loop. Messages wait until there is one or the other. A slow loop
 * slows the application down.
 * @example
 * ```js
 * const socket = await python.connect('/chat')
 * socket.send('hello')
 * for await (const message of socket) console.log(message)
 * ```
 */
export class WebSocketConnection extends EventTarget implements AsyncIterable<SocketMessage> {
  /** A value of `readyState`, 0. A connection never has it: `connect()` resolves later. */
  static CONNECTING: number
  /** A value of `readyState`, 1: messages can be sent. */
  static OPEN: number
  /** A value of `readyState`, 2: `close()` was called. */
  static CLOSING: number
  /** A value of `readyState`, 3: it is closed. */
  static CLOSED: number
  private constructor ()
  /** The URL as it was given. */
  url: string
  /** The subprotocol that the application chose, or `''`. */
  protocol: string
  /** The headers with which the application accepted the WebSocket. */
  headers: Headers
  /** Always `''`, because there is no network that extensions could apply to. */
  extensions: string
  /**
   * How received bytes are delivered.
   * @defaultValue `'nodebuffer'`
   */
  binaryType: 'nodebuffer' | 'arraybuffer'
  /** One of `OPEN`, `CLOSING` and `CLOSED`. */
  readyState: number
  /** The number of bytes that were sent but wait in memory until the application reads. */
  readonly bufferedAmount: number

  /**
   * Sends a message: text for a string, otherwise bytes. It waits in memory while the application
   * does not read. Does nothing once the WebSocket is closed.
   * @throws `ERR_INVALID_BODY` if the data is neither text nor bytes.
   */
  send (data: string | ArrayBuffer | ArrayBufferView): void

  /**
   * Closes the WebSocket. Does nothing if it is closed already.
   * @param code 1000, or 3000 to 4999; by default none is sent
   * @param reason at most 123 bytes of UTF-8
   * @throws A `DOMException`: `InvalidAccessError` for another code, `SyntaxError` for a
   *   longer reason.
   */
  close (code?: number, reason?: string): void

  /** Called for each message. */
  get onmessage (): ((event: SocketMessageEvent) => void) | null
  set onmessage (handler: ((event: SocketMessageEvent) => void) | null)
  /** Called when the WebSocket has closed. */
  get onclose (): ((event: SocketCloseEvent) => void) | null
  set onclose (handler: ((event: SocketCloseEvent) => void) | null)
  /** Called when an error has ended the WebSocket, before `onclose`. */
  get onerror (): ((event: SocketErrorEvent) => void) | null
  set onerror (handler: ((event: SocketErrorEvent) => void) | null)

  /** Adds a listener for `message`, `close` or `error`. */
  addEventListener (type: string, listener: any, options?: any): void

  /**
   * Iterates over the messages until the WebSocket is closed. Leaving the loop early closes it.
   * @throws The error that ended the WebSocket, if one did.
   */
  [Symbol.asyncIterator] (): AsyncIterableIterator<SocketMessage>
}
