import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'

/**
 * Headers in every accepted form. A flat array has names and values in turn, as `rawHeaders` of
 * `node:http` does. In an object, an array as value repeats the header.
 */
export type HeadersInit =
  | Headers
  | globalThis.Headers
  | Iterable<readonly [string, string]>
  | readonly string[]
  | Readonly<Record<string, string | number | readonly string[]>>
  | IncomingHttpHeaders

/**
 * HTTP headers: an ordered list in which a name may occur more than once. Names are
 * case-insensitive and returned in lower case.
 */
export class Headers {
  /** @throws `ERR_INVALID_HEADER` if the headers have none of the accepted forms. */
  constructor (init?: HeadersInit | null)
  /** The number of name and value pairs. */
  readonly size: number
  /** Returns the value that was set last, or `null` if there is none. */
  get (name: string): string | null
  /** Returns every value of the name, in order. */
  getAll (name: string): string[]
  /** Returns every value of the name, joined by commas, or `null` if there is none. */
  getLine (name: string): string | null
  /** Returns every `set-cookie` value, in order. */
  getSetCookie (): string[]
  /** Returns whether the name has a value. */
  has (name: string): boolean
  /**
   * Replaces every value of the name.
   * @returns `true`
   * @throws `ERR_INVALID_HEADER` if the name or a value has the wrong type.
   */
  set (name: string, value: string | number | string[]): boolean
  /**
   * Adds a value, and keeps the others of the name.
   * @returns `true`
   * @throws `ERR_INVALID_HEADER` if the name or the value has the wrong type.
   */
  add (name: string, value: string | number): boolean
  /** Does the same as {@link add}, under the name of the web's `Headers`. */
  append (name: string, value: string | number): void
  /**
   * Removes every value of the name.
   * @returns whether there was one
   */
  delete (name: string): boolean
  /** Removes everything. */
  clear (): void
  /** Returns every pair of name and value, in order. */
  entries (): Array<[string, string]>
  /** Returns every name once. */
  keys (): string[]
  /** Returns every value, in order. */
  values (): string[]
  /** Calls the function for every pair, in order. */
  forEach (callback: (value: string, name: string, headers: this) => void): void
  /** Iterates over every pair of name and value, in order. */
  [Symbol.iterator] (): IterableIterator<[string, string]>
  /** Returns an object with the values by name: a string, or an array if there are several. */
  toJSON (): Record<string, string | string[]>
}

type Bytes = ArrayBufferView | ArrayBuffer | SharedArrayBuffer

/** A whole body, or a piece of one. Text is sent as UTF-8. */
export type BodyPiece = string | Bytes

/**
 * A body: a whole one, or a source, which is read as fast as the application reads. A form or a
 * `Blob` also gives the request its `content-type`, unless the headers have one.
 */
export type BodyInit =
  | BodyPiece
  | FormData
  | URLSearchParams
  | Blob
  | Readable
  | ReadableStream
  | AsyncIterable<BodyPiece>
  | Iterable<BodyPiece>

/** The connection that a request arrived on: `client` and `server` of the ASGI scope. */
export interface SocketInfo {
  /** The address of the server. */
  localAddress?: string
  /** The port of the server. */
  localPort?: number
  /** Not used. It allows you to pass a socket of `node:net`. */
  localFamily?: string
  /** The address of the client. */
  remoteAddress?: string
  /** The port of the client. */
  remotePort?: number
  /** Not used. It allows you to pass a socket of `node:net`. */
  remoteFamily?: string
}

/**
 * What Node tells Python about a request, by name. The application finds it in
 * `scope["state"]["node"]`; in FastAPI and Starlette that is `request.state.node["user"]`. No
 * client can set it.
 *
 * Values are strings, numbers, booleans, `null`, bytes (as `bytes`), `BigInt` of up to 64 bits, and
 * arrays and objects of these, at most 32 levels deep. `undefined` becomes `None`. An object with a
 * `toJSON()`, such as a `Date`, counts as what that returns, and an object of another class as its
 * own fields. The whole may take 60000 bytes.
 */
export type ScopeData = Record<string, unknown>

/**
 * A request as a plain object.
 * @example
 * ```js
 * const response = await python.handleRequest({
 *   method: 'POST',
 *   url: '/items?source=web',
 *   headers: { 'content-type': 'application/json' },
 *   body: JSON.stringify({ name: 'pen' })
 * })
 * ```
 */
export interface RequestOptions {
  /**
   * A path, or an absolute URL such as `http://host/path?query`, which sets the Host header. With a
   * path, the application gets no Host header, and `localhost` as the server.
   */
  url: string | URL
  /**
   * The HTTP method.
   * @defaultValue `'GET'`
   */
  method?: string
  /**
   * The headers. If they are missing, `host` is added for an absolute URL, `content-length` if the
   * length of the body is known, and `content-type` for a form.
   */
  headers?: HeadersInit | null
  /** The body. */
  body?: BodyInit | null
  /**
   * The connection that the application sees as `client` and `server` of its scope. Without it
   * there is no client, and the host and port of the URL are the server. If it is a socket of
   * `node:net`, such as `req.socket`, the request is aborted when it closes.
   */
  socket?: SocketInfo | null
  /** Not used. It is here for users of `@platformatic/python-node`. */
  docroot?: string | null
  /** The path that the application is mounted under (`root_path`); the URL may include it. */
  prefix?: string
  /** What Node tells Python about the request. */
  scope?: ScopeData | null
  /**
   * Whether the request may be sent to a second worker if its worker dies (option `retry`).
   * @defaultValue `true` for GET, HEAD, OPTIONS and TRACE
   */
  idempotent?: boolean
  /**
   * Makes `handleStream()` open a WebSocket, as in `@platformatic/python-node`: `write()` of the
   * `Request` sends messages, `next()` of the response receives them, and `end()` closes it.
   * `connect()` does the same with the interface of the web.
   * @defaultValue `false`
   */
  websocket?: boolean
}

/**
 * A request that can be kept, changed and sent more than once, and whose body can be written in
 * pieces.
 * @example
 * ```js
 * import { Request } from 'node-asgi'
 *
 * const request = new Request({ method: 'POST', url: '/upload' })
 * request.write('first piece, ')
 * const response = python.handleRequest(request)
 * await request.write('second piece')
 * await request.end()
 * console.log((await response).status)
 * ```
 */
export class Request {
  /**
   * `url` is `/` by default.
   * @throws `ERR_INVALID_HEADER` if the headers have none of the accepted forms.
   */
  constructor (options?: Partial<RequestOptions>)
  /** The HTTP method. */
  method: string
  /** The path or absolute URL. */
  url: string
  /** The headers. Assigning any accepted form converts it. */
  get headers (): Headers
  set headers (value: HeadersInit | null)
  /** The body; `null` for none. After `write()` it is the stream that the pieces go to. */
  body: BodyInit | null
  /** The connection that the application sees as `client` and `server` of its scope. */
  socket: SocketInfo | null
  /** Not used. It is here for users of `@platformatic/python-node`. */
  docroot: string | null
  /** The path that the application is mounted under (`root_path`); the URL may include it. */
  prefix?: string
  /** What Node tells Python about the request. */
  scope?: ScopeData | null
  /**
   * Whether the request may be sent to a second worker if its worker dies. If `undefined`, the
   * method decides.
   */
  idempotent?: boolean
  /** Whether this is a WebSocket. */
  websocket: boolean
  /** The path of the URL, without the query. */
  readonly path: string

  /**
   * Writes a piece of the body. Write the first piece before the request is sent, the others at any
   * time. Pieces that are not awaited are kept in memory. For a WebSocket each piece is a message,
   * text for a string and otherwise bytes, and may be written before the WebSocket is open.
   * @returns a promise that resolves when the next piece should be written
   * @throws Rejects with `ERR_INVALID_BODY` if the request was created with a body, was sent
   *   without one, or has ended.
   */
  write (chunk: string | Uint8Array): Promise<void>

  /**
   * Ends a body that is written in pieces, after one more piece if one is given. Closes a
   * WebSocket.
   * @throws Rejects like `write()`.
   */
  end (chunk?: string | Uint8Array): Promise<void>

  /** Returns method, url, headers and body; `null` for a body that is a stream. */
  toJSON (): object
}

/** The parts of a {@link Response}. */
export interface ResponseOptions {
  /**
   * The HTTP status.
   * @defaultValue 200
   */
  status?: number
  /** The headers. */
  headers?: HeadersInit | null
  /** The body. */
  body?: Uint8Array | string | null
  /** The value of `log`. It is here for users of `@platformatic/python-node`. */
  log?: Uint8Array | string | null
  /** The value of `exception`. It is here for users of `@platformatic/python-node`. */
  exception?: string | null
}

/** A response with its whole body. */
export class Response implements AsyncIterable<Buffer> {
  constructor (options?: ResponseOptions | null)
  /** The HTTP status. */
  status: number
  /** Whether the status is 200 to 299. */
  readonly ok: boolean
  /** The headers. Assigning any accepted form converts it. */
  get headers (): Headers
  set headers (value: HeadersInit)
  /** The body. */
  body: Buffer
  /**
   * What the constructor was given. Empty for the response of an application. It is here for users
   * of `@platformatic/python-node`; listen to the handler's events `stdout` and `stderr` instead.
   */
  readonly log: Buffer
  /**
   * What the constructor was given. `null` for the response of an application. It is here for users
   * of `@platformatic/python-node`; requests reject instead.
   */
  readonly exception: string | null
  /** The trailers. The application may send them if the request had `te: trailers`. */
  trailers: Headers
  /** Returns the body, decoded as UTF-8. */
  text (): string
  /**
   * Returns the body, parsed as JSON.
   * @throws A `SyntaxError` if it is not valid JSON.
   */
  json (): any
  /** Returns the body, if it is not empty, and afterwards `null`. */
  next (): Promise<Buffer | null>
  /** Iterates over the body, as that of a {@link StreamingResponse}. */
  [Symbol.asyncIterator] (): AsyncIterableIterator<Buffer>
  /**
   * Returns status, headers and body, and `log` and `exception` if there are any. Bytes are decoded
   * as UTF-8.
   */
  toJSON (): object
}

/**
 * A response whose body is still arriving.
 * @example
 * ```js
 * const response = await python.handleStream({ url: '/events' })
 * for await (const chunk of response) process.stdout.write(chunk)
 * ```
 */
export class StreamingResponse implements AsyncIterable<Buffer> {
  /** The HTTP status. */
  status: number
  /** Whether the status is 200 to 299. */
  readonly ok: boolean
  /** The headers. Assigning any accepted form converts it. */
  get headers (): Headers
  set headers (value: HeadersInit)
  /**
   * The body. Read it or destroy it: until then the request counts as in flight. If the application
   * fails, the stream fails with the same error instead of ending.
   */
  body: Readable
  /**
   * The trailers, once the body has ended. The application may send them if the request had
   * `te: trailers`.
   */
  trailers: Headers
  /**
   * Returns the next piece of the body, or `null` at its end. For a WebSocket this is the next
   * message, also as a `Buffer`.
   */
  next (): Promise<Buffer | null>
  /** Iterates over the body. */
  [Symbol.asyncIterator] (): AsyncIterableIterator<Buffer>
  /** Returns status and headers. */
  toJSON (): object
}

/** Middleware of Express, Connect and similar frameworks. */
export type Middleware = (
  req: import('node:http').IncomingMessage | import('node:http2').Http2ServerRequest,
  res: import('node:http').ServerResponse | import('node:http2').Http2ServerResponse,
  next?: (error?: any) => void
) => void
