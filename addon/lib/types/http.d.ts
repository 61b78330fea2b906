import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'

/** What headers may be given as. A flat array alternates names and values, as `rawHeaders` does. */
export type HeadersInit =
  | Headers
  | globalThis.Headers
  | Iterable<readonly [string, string]>
  | readonly string[]
  | Readonly<Record<string, string | number | readonly string[]>>
  | IncomingHttpHeaders

/**
 * HTTP headers: an ordered list in which a name may occur more than once. Names are compared without
 * regard to case and come back in lower case.
 */
export class Headers {
  constructor (init?: HeadersInit | null)
  /** Number of name and value pairs. */
  readonly size: number
  /** The value that was set last, or `null`. */
  get (name: string): string | null
  /** Every value of the name, in order. */
  getAll (name: string): string[]
  /** Every value of the name joined by commas, or `null`. */
  getLine (name: string): string | null
  /** Every `set-cookie` value. */
  getSetCookie (): string[]
  has (name: string): boolean
  /** Replaces every value of the name. */
  set (name: string, value: string | number | string[]): boolean
  /** Adds a value to those that the name has. */
  add (name: string, value: string | number): boolean
  /** The web's name for {@link add}. */
  append (name: string, value: string | number): void
  /** Returns whether there was one. */
  delete (name: string): boolean
  clear (): void
  entries (): Array<[string, string]>
  /** Each name once. */
  keys (): string[]
  values (): string[]
  forEach (callback: (value: string, name: string, headers: this) => void): void
  [Symbol.iterator] (): IterableIterator<[string, string]>
  /** An array where a name occurs more than once. */
  toJSON (): Record<string, string | string[]>
}

type Bytes = ArrayBufferView | ArrayBuffer | SharedArrayBuffer

/** One piece of a body; text is sent as UTF-8. */
export type BodyPiece = string | Bytes

/** A body: whole, or a source that is read only as fast as the application takes it. */
export type BodyInit =
  | BodyPiece
  | Readable
  | ReadableStream
  | AsyncIterable<BodyPiece>
  | Iterable<BodyPiece>

/** The connection a request came in on: `client` and `server` of the ASGI scope. */
export interface SocketInfo {
  localAddress?: string
  localPort?: number
  localFamily?: string
  remoteAddress?: string
  remotePort?: number
  remoteFamily?: string
}

/** A request, as a plain object. */
export interface RequestOptions {
  /** Absolute (`http://host/path?query`, which fills the Host header), or a path. */
  url: string | URL
  /** Default `GET`. */
  method?: string
  headers?: HeadersInit | null
  body?: BodyInit | null
  socket?: SocketInfo | null
  docroot?: string | null
  /** It may be sent to a second worker if the first one dies (option `retry`). Default: by method. */
  idempotent?: boolean
}

/** A request that can be kept, changed, and given a body piece by piece. */
export class Request {
  /** `url` is `/` by default. */
  constructor (options?: Partial<RequestOptions>)
  method: string
  url: string
  get headers (): Headers
  set headers (value: HeadersInit | null)
  body: BodyInit | null
  socket: SocketInfo | null
  docroot: string | null
  idempotent?: boolean
  /** The path of the url, without the query. */
  readonly path: string
  /**
   * Writes a piece of the body. The first must be written before the request is handed over. Resolves
   * when more may be written; not waiting for that gathers the pieces in memory.
   * @throws `ERR_INVALID_BODY` if the request was made with a body, or is over
   */
  write (chunk: string | Uint8Array): Promise<void>
  /** Ends a body that was written piece by piece. */
  end (chunk?: string | Uint8Array): Promise<void>
  toJSON (): object
}

export interface ResponseOptions {
  /** Default 200. */
  status?: number
  headers?: HeadersInit | null
  body?: Uint8Array | string | null
}

/** A response with its whole body. */
export class Response {
  constructor (options?: ResponseOptions | null)
  status: number
  get headers (): Headers
  set headers (value: HeadersInit)
  body: Buffer
  /**
   * Kept for users of `@platformatic/python-node`, and always empty: see the `stdout` and `stderr`
   * events.
   */
  readonly log: Buffer
  /** Kept for users of `@platformatic/python-node`, and always `null`: requests reject instead. */
  readonly exception: string | null
  /** What came after the body, if the request had `te: trailers`. */
  trailers: Headers
  /** The body, decoded as UTF-8. */
  text (): string
  /** The body, parsed as JSON. */
  json (): any
  toJSON (): object
}

/** A response whose body is still arriving. */
export class StreamingResponse implements AsyncIterable<Buffer> {
  status: number
  get headers (): Headers
  set headers (value: HeadersInit)
  /**
   * Must be read or destroyed: until then it holds its place in the worker. An error of the
   * application comes out of it (`ERR_APP`), never a clean end.
   */
  body: Readable
  /** What came after the body, when that has ended and if the request had `te: trailers`. */
  trailers: Headers
  [Symbol.asyncIterator] (): AsyncIterableIterator<Buffer>
  toJSON (): object
}
