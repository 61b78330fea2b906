import type { Headers, HeadersInit, SocketInfo } from './http.js'

/** What a WebSocket is asked for with. */
export interface SocketRequest {
  /** A path, or absolute with `ws:`, `wss:`, `http:` or `https:`. */
  url: string | URL
  headers?: HeadersInit | null
  /** Subprotocols that are offered, the best first. */
  protocols?: string | string[]
  socket?: SocketInfo | null
}

export interface SocketMessageEvent extends Event {
  readonly data: SocketMessage
}

/** The close event of the web. */
export interface SocketCloseEvent extends Event {
  /** RFC 6455, 7.4. 1011: the application or its worker failed; 1012: it is being replaced. */
  readonly code: number
  readonly reason: string
  /** Whether it was closed by either side, and not by an error. */
  readonly wasClean: boolean
}

export interface SocketErrorEvent extends Event {
  readonly error: Error
  readonly message: string
}

/** What a message is given as; bytes are a `Buffer`, or as `binaryType` says. */
export type SocketMessage = string | Buffer | ArrayBuffer

/**
 * A WebSocket to the application without a network, in the shape of the web's `WebSocket`. Messages
 * wait until there is a listener, or a loop that takes them; a slow loop holds the application back.
 */
export class WebSocketConnection extends EventTarget implements AsyncIterable<SocketMessage> {
  static CONNECTING: number
  static OPEN: number
  static CLOSING: number
  static CLOSED: number
  private constructor ()
  url: string
  /** The subprotocol that the application has chosen, or `''`. */
  protocol: string
  /** What the application has accepted it with. */
  headers: Headers
  extensions: string
  binaryType: 'nodebuffer' | 'arraybuffer'
  readyState: number
  /** Bytes that wait for the application to read on. */
  readonly bufferedAmount: number
  /** Does nothing once it is closed. */
  send (data: string | ArrayBuffer | ArrayBufferView): void
  /**
   * @param code 1000, or 3000 to 4999; by default none is sent
   * @param reason at most 123 bytes
   */
  close (code?: number, reason?: string): void
  get onmessage (): ((event: SocketMessageEvent) => void) | null
  set onmessage (handler: ((event: SocketMessageEvent) => void) | null)
  get onclose (): ((event: SocketCloseEvent) => void) | null
  set onclose (handler: ((event: SocketCloseEvent) => void) | null)
  get onerror (): ((event: SocketErrorEvent) => void) | null
  set onerror (handler: ((event: SocketErrorEvent) => void) | null)
  addEventListener (type: string, listener: any, options?: any): void
  /**
   * The messages, until it is closed; throws the error that ended it. Leaving the loop closes it.
   */
  [Symbol.asyncIterator] (): AsyncIterableIterator<SocketMessage>
}
