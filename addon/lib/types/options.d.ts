/** Limits of time, in milliseconds. 0 means "no time at all", but for `request` and `hang` "no limit". */
export interface Timeouts {
  /** Import and lifespan startup of a worker, and start of the fork server. Default 60 000. */
  startup?: number
  /** From the call until the response starts; 0 for no limit. Default 300 000. */
  request?: number
  /** What requests in flight get to finish when the handler closes. Default 10 000. */
  drain?: number
  /**
   * What requests in flight get to finish in a worker that is replaced because it is recycled or
   * reloaded. Default 300 000.
   */
  retire?: number
  /**
   * After `drain` or `retire`: from `http.disconnect` until tasks that are left are cancelled.
   * Default 3 000.
   */
  disconnect?: number
  /** What cancelled tasks get before lifespan shutdown. Default 1 000. */
  cancel?: number
  /** Lifespan shutdown of a worker. Default 10 000. */
  shutdown?: number
  /** Until a process that was told to end, and did not, is killed. Default 2 000. */
  kill?: number
  /**
   * That the event loop of a worker with requests may stand still: it is killed then, and replaced.
   * 0 for no limit. Default 30 000.
   */
  hang?: number
  /**
   * From `http.disconnect` (the client is gone, the request was aborted or took too long) until the
   * application's task is cancelled; `Infinity`: never. Default 30 000.
   */
  disconnectGrace?: number
}

/**
 * How a worker that ended is replaced: the first time at once, then after delays that double.
 */
export interface RestartOptions {
  /** First delay, in milliseconds. Default 100. */
  min?: number
  /** Longest delay, in milliseconds. Default 30 000. */
  max?: number
  /** A worker that lived longer than this many milliseconds starts a new count. Default 60 000. */
  window?: number
  /**
   * Failures in a row after which a worker is tried only every `max`. When that holds for all of
   * them, the pool has failed: requests are rejected at once until a worker is ready. Default 5.
   */
  limit?: number
}

/**
 * When to replace a worker that has not failed. Its successor is ready before it stops taking
 * requests, and those that it has get `timeouts.retire` to finish. One worker is replaced at a time.
 */
export interface RecycleOptions {
  /** Requests that it has been given. Default `Infinity`: never. */
  requests?: number
  /** Part of `requests` and `age`, 0 to 1, that is taken off at random. Default 0.1. */
  jitter?: number
  /** Resident memory in bytes, looked at every second while it has requests. Default `Infinity`. */
  memory?: number
  /** Milliseconds since it became ready. Default `Infinity`. */
  age?: number
}

/**
 * Where messages go: `console`, or pino, bunyan, winston, the `log` of Fastify and others of that
 * shape. One that has `child` gets the output of each Python process through a child with the
 * bindings `{ worker, pid }`.
 */
export interface Logger {
  /** Records of Python's `logging` below INFO; without it they go to `info`. */
  debug? (...args: unknown[]): void
  info (...args: unknown[]): void
  warn (...args: unknown[]): void
  error (...args: unknown[]): void
  child? (bindings: { worker: number, pid: number }): Logger
}

export interface WebSocketOptions {
  /** Bytes of a client's message, 1 to 2³⁰; a longer one closes with 1009. Default 16 MiB. */
  maxMessage?: number
  /** Offer permessage-deflate (RFC 7692), which costs memory and time. Default false. */
  compression?: boolean
  /** Milliseconds between pings; 0 for none. Default 20000. */
  pingInterval?: number
  /** Milliseconds that a client gets to answer one before it is cut off. Default 20000. */
  pingTimeout?: number
}

/** Options of a handler. One that is unknown or ill-typed throws an `InvalidOptionError`. */
export interface PythonHandlerOptions {
  /**
   * Directory that the application is imported from and runs in. Default: the working directory.
   * @throws `ERR_DOCROOT_NOT_FOUND` if it is not a directory
   */
  docroot?: string
  /** Where the application is: `package.module:attribute.attribute`. Default `main:app`. */
  appTarget?: string
  /** The target is a function without arguments that returns the application. Default false. */
  factory?: boolean
  /**
   * Interface of the application. `auto` (default) recognises it by what the application can be
   * called with: ASGI 3, WSGI (PEP 3333: Flask, Django's `wsgi.py`), or a class of ASGI 2. WSGI needs
   * the package a2wsgi in the Python environment.
   */
  interface?: 'auto' | 'asgi' | 'asgi2' | 'wsgi'
  /** Threads in which each worker calls a WSGI application, 1 to 1000. Default 10. */
  threads?: number
  /**
   * The interpreter (CPython 3.10 or newer): a path, or a name on PATH. Default: that of
   * `VIRTUAL_ENV`, of `.venv` in the docroot, of `.venv` in the working directory, `python3` on PATH.
   */
  python?: string
  /** Worker processes, 1 to 1024. Default: the cores that this process may use. */
  workers?: number
  /**
   * What to import before workers are forked, so that they start at once and share its memory:
   * a list of modules, or `true` for the application itself. Default false.
   */
  preload?: boolean | readonly string[]
  /**
   * Lifespan events: `on` fails if the application does not support them, `off` sends none, `auto`
   * (default) takes an exception before startup is complete for "not supported".
   */
  lifespan?: 'auto' | 'on' | 'off'
  /** Event loop of the workers; `auto` (default) is uvloop where it can be imported. */
  loop?: 'auto' | 'asyncio' | 'uvloop'
  /** Added to the environment of the Python processes. Default: nothing. */
  env?: Readonly<Record<string, string>>
  /** `root_path` of ASGI scopes: the prefix that the application is served under. Default `''`. */
  rootPath?: string
  /**
   * Proxies that are believed what they say of the client (`Forwarded`, or `X-Forwarded-For`, `-Proto`
   * and `-Host`): `true` for all, or addresses, networks (`10.0.0.0/8`) and the names `loopback`,
   * `linklocal`, `uniquelocal`. Who connects by a unix socket counts as `127.0.0.1`. Default false.
   */
  trustProxy?: boolean | string | readonly string[]
  /**
   * Requests in flight that one worker may have, beside open WebSockets; `Infinity` for no limit.
   * Default 1000.
   */
  concurrency?: number
  /**
   * Requests that may wait for a worker; one more is refused with `ERR_QUEUE_FULL`. Default 1000.
   */
  maxQueue?: number
  /**
   * How often a request goes to another worker when the one that had it dies before the response
   * has started: GET, HEAD, OPTIONS, TRACE and requests marked `idempotent`, unless their body is a
   * stream. Default 1.
   */
  retry?: number
  /** Shared memory toward each worker, in bytes; a power of two from 256 KiB. Default 1 MiB. */
  requestRing?: number
  /** Shared memory from each worker, in bytes; a power of two from 256 KiB. Default 1 MiB. */
  responseRing?: number
  /**
   * Microseconds, 0 to 1000, that Node and each worker look for the next message before they sleep,
   * while requests are in flight: waking a sleeper takes longer than most requests do. At most so
   * many each time that a message wakes them, and less and less where it is in vain. `auto` (default): 20
   * when there is a core for Node and each worker, otherwise 0.
   */
  spin?: 'auto' | number
  timeouts?: Timeouts
  restart?: RestartOptions
  recycle?: RecycleOptions
  /** WebSockets of clients on the network. */
  websocket?: WebSocketOptions
  /** Where to log, or `false` for nowhere. Default `console`. */
  logger?: Logger | false
}
