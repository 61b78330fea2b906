import type { IsolationOptions } from './isolation.js'
import type { Remote } from './remote.js'
import type { RecycleOptions, RestartOptions, Timeouts } from './timing.js'

/**
 * Where messages go: `console`, or a logger such as pino, bunyan, winston, or the `log` of Fastify.
 * If the logger has `child`, the output of each Python process goes to a child logger with the
 * bindings `{ worker, pid }`.
 */
export interface Logger {
  /** For records of Python's `logging` below INFO. Without it they go to `info`. */
  debug? (...args: unknown[]): void
  /** For what happens in normal operation, and for the stdout of the Python processes. */
  info (...args: unknown[]): void
  /** For what needs attention, and for the stderr of the Python processes. */
  warn (...args: unknown[]): void
  /** For failures. */
  error (...args: unknown[]): void
  /** Returns a logger that adds the bindings to each message. Worker 0 is the fork server. */
  child? (bindings: { worker: number, pid: number }): Logger
}

/** Limits for WebSockets. The pings are for clients on the network only. */
export interface WebSocketOptions {
  /**
   * The longest message that is received, in bytes, 1 to 2^30. A longer one closes the WebSocket
   * with code 1009. Applies to the messages of clients on the network, and with `connect()` to
   * those of the application.
   * @defaultValue `16 * 1024 * 1024`
   */
  maxMessage?: number

  /**
   * Whether to offer permessage-deflate (RFC 7692), which costs memory and CPU time. A message of a
   * client that inflates to more than 4 MiB and to more than 200 times its length closes the
   * WebSocket with code 1009. Over HTTP/2 nothing is compressed.
   * @defaultValue false
   */
  compression?: boolean

  /**
   * The origins whose pages may open a WebSocket, such as `https://example.com`; `same-origin`
   * stands for the host that the request is for. A handshake with another `Origin` gets a 403.
   * Clients that send no `Origin`, which browsers always do, are not refused. Without this option
   * the pages of any site can open a WebSocket with the cookies of their visitor.
   * @defaultValue undefined
   */
  allowedOrigins?: readonly string[]

  /**
   * Milliseconds between pings to a client; 0 for no pings.
   * @defaultValue 20000
   */
  pingInterval?: number

  /**
   * Milliseconds that a client has to answer a ping before its connection is closed. At least 1.
   * @defaultValue 20000
   */
  pingTimeout?: number
}

/** Which files are watched. */
export interface WatchOptions {
  /**
   * The folders, absolute or relative to the working directory. Hidden folders, `node_modules`,
   * `__pycache__` and virtual environments in them are left out, and links to folders are not
   * followed.
   * @defaultValue the docroot
   */
  folders?: readonly string[]

  /**
   * The extensions of the files, without the dot.
   * @defaultValue `['py']`
   */
  extensions?: readonly string[]
}

/** A header in which a proxy says who the client is. */
export type ProxyHeader =
  | 'forwarded'
  | 'x-forwarded-for'
  | 'x-forwarded-proto'
  | 'x-forwarded-host'

/** Who may see {@link PythonHandler.dashboard}. */
export interface DashboardOptions {
  /**
   * Who has this token may see the dashboard and use its buttons, from wherever. At least 16
   * characters without spaces. It is sent once, as `?token=…` in the address, or with each request,
   * as `Authorization: Bearer …`. Without a token, only this machine has access, under the names
   * `localhost` and `127.0.0.1`.
   * @defaultValue undefined
   * @throws `ERR_INVALID_OPTION` if it is too short; the message does not contain it.
   */
  token?: string
}

/**
 * The limits of an elastic pool. A worker is added when requests wait for 10 milliseconds, or when
 * the event loops of all workers have been late for a tenth of a second. One is taken away when the
 * workers that are left were used by half or less over the time `idle`; it never has a request, an
 * open response or a WebSocket then. A pool that had to grow again soon after it shrank waits up to
 * four times as long before it shrinks the next time.
 */
export interface WorkersOptions {
  /**
   * The fewest workers, 0 to 1024. With 0 a worker is started for the first request, and the last
   * one ends when there was nothing to do over the time `idle`; the fork server stays. `ready` then
   * resolves once the fork server has started and imported what `preload` names: with
   * `preload: true` it rejects if the application cannot be imported. Otherwise the first request
   * finds that out, and rejects.
   * @defaultValue 1
   */
  min?: number
  /**
   * The most workers, 1 to 1024, and not below `min`.
   * @defaultValue the number of cores that may be used, or `min` if that is more
   */
  max?: number
  /**
   * How long workers must have had little to do before one of them ends, in milliseconds, 1 to
   * 2147483647.
   * @defaultValue 30000
   */
  idle?: number
}

/**
 * The options of a handler. An unknown option, or a value of the wrong type or out of range, throws
 * an `InvalidOptionError`. `undefined` stands for the default.
 */
export interface PythonHandlerOptions {
  /**
   * The directory that the application is imported from, which is also the working directory of the
   * Python processes: a path, or a `file:` URL such as `new URL('./app', import.meta.url)`. A
   * relative path starts at the working directory of Node. Symbolic links stay in the path, and so
   * do those in the working directory as the shell names it (`PWD`). A reload therefore follows a
   * link that has been switched in the meantime.
   * @defaultValue `process.cwd()`
   * @throws `ERR_DOCROOT_NOT_FOUND` if it is not a directory.
   */
  docroot?: string | URL

  /**
   * Where the application is, as `package.module:attribute`. The attribute may have dots.
   * `package.module` is short for `package.module:app`, and `package.module:factory()` calls the
   * attribute to get the application, as the option `factory` does.
   * @defaultValue `'main:app'`
   */
  appTarget?: string

  /**
   * Whether the target is a function without arguments that returns the application.
   * @defaultValue false
   */
  factory?: boolean

  /**
   * The interface of the application. `auto` recognises ASGI 3, WSGI (PEP 3333: Flask, Django's
   * `wsgi.py`) and ASGI 2 by the arguments that the application takes: three, two or one. WSGI
   * needs the package a2wsgi in the Python environment.
   * @defaultValue `'auto'`
   */
  interface?: 'auto' | 'asgi' | 'asgi2' | 'wsgi'

  /**
   * The number of threads in which each worker runs a WSGI application, 1 to 1000.
   * @defaultValue 10
   */
  threads?: number

  /**
   * The Python interpreter, CPython 3.10 or newer (not free-threaded), as one of these:
   * - the path of an interpreter, or of a directory that holds one in `bin`: an environment of
   *   venv, uv, poetry or conda, or an installation (`'.venv'`, `'~/.pyenv/versions/3.12.1'`, a
   *   `file:` URL). `~` is the home directory, and relative paths start at the working directory;
   * - a name to look up on `PATH` (`'python3.12'`);
   * - versions in the notation of Python packages (`'3.12'`, `'>=3.11'`, `'>=3.11,<3.14'`). The
   *   newest that fits is taken from the first of these places that has one: the environments that
   *   the default would use, the directories of `PATH`, pyenv, uv, conda. Pre-releases never fit.
   *
   * An interpreter or environment that exists but cannot be used is an error
   * (`ERR_PYTHON_UNUSABLE`); nothing else is tried instead.
   * @defaultValue the first of these that exists: the environment that `VIRTUAL_ENV` or
   *   `CONDA_PREFIX` names; `.venv` in the docroot, the working directory, or a directory above
   *   either, up to the home directory; conda's environment `base`, if it is active; `python3` on
   *   `PATH`
   */
  python?: string | URL

  /**
   * The number of worker processes, 1 to 1024, or the limits of an elastic pool, which grows with
   * its load and shrinks when it has less to do. The default is `os.availableParallelism()`, or
   * less if the CPU quota of the control group (of a container, for example) is lower.
   * @defaultValue the number of cores that may be used
   * @example
   * ```js
   * const python = new PythonHandler({ workers: { min: 1, max: 8, idle: 60_000 }, preload: true })
   * ```
   */
  workers?: number | WorkersOptions

  /**
   * An ASGI service that answers the requests instead of processes of this handler. Options about
   * the application and its workers then have no effect, unless there is a {@link fallback}.
   * `concurrency` counts for each endpoint. [Python somewhere else](../remote.md) has more.
   * @example
   * ```js
   * import { PythonHandler } from 'node-asgi'
   *
   * const python = new PythonHandler({ docroot: 'app', remote: process.env.NODE_ASGI_REMOTE })
   * ```
   * @defaultValue undefined
   */
  remote?: Remote

  /**
   * `'local'` starts the application in processes of this handler when no endpoint of
   * {@link remote} can be used for the first time. They are kept, and get requests only while that
   * is so. Without it, requests fail with `ERR_REMOTE_UNREACHABLE`.
   * @defaultValue undefined
   */
  fallback?: 'local'

  /**
   * What to import before workers are forked, so that they start quickly and share its memory: a
   * list of modules, or `true` for the application.
   * @defaultValue false
   */
  preload?: boolean | readonly string[]

  /**
   * Whether to reload the application when its files change, for development. Requests in flight
   * get a second to finish. If the changed application cannot start, the old one keeps serving.
   * @defaultValue false
   */
  watch?: boolean | WatchOptions

  /**
   * Whether to send lifespan events. `on` fails if the application does not support them, `off`
   * sends none. `auto` treats an exception during startup as "lifespan not supported".
   * @defaultValue `'auto'`
   */
  lifespan?: 'auto' | 'on' | 'off'

  /**
   * The event loop of the workers. `auto` uses uvloop if it can be imported, and otherwise asyncio;
   * also asyncio if the application has imported nest_asyncio, which cannot patch uvloop.
   * @defaultValue `'auto'`
   */
  loop?: 'auto' | 'asyncio' | 'uvloop'

  /**
   * Variables to add to the environment of the Python processes. Relative paths in `PYTHONPATH`,
   * `PYTHONHOME`, `PYTHONUSERBASE` and `PYTHONPYCACHEPREFIX` start at the working directory of
   * Node, whether they are given here or inherited.
   * @defaultValue `{}`
   */
  env?: Readonly<Record<string, string>>

  /**
   * The `root_path` of ASGI scopes: the prefix that the application is served under.
   * @defaultValue `''`
   */
  rootPath?: string

  /**
   * The proxies that are believed about the client, in the headers of {@link proxyHeaders}. `true`
   * trusts every proxy. Otherwise give addresses, networks (`10.0.0.0/8`), or the names `loopback`,
   * `linklocal` and `uniquelocal`. A client that connects over a Unix socket counts as `127.0.0.1`.
   * @defaultValue false
   */
  trustProxy?: boolean | string | readonly string[]

  /**
   * The headers that every proxy of {@link trustProxy} sets or adds to: `['forwarded']` (RFC 7239),
   * or a list of some of `x-forwarded-for`, `x-forwarded-proto` and `x-forwarded-host`. Others are
   * ignored. Do not name a header that a proxy passes on as the client sent it: the client could
   * then choose its own address, scheme or host.
   * @defaultValue `['x-forwarded-for', 'x-forwarded-proto']`
   */
  proxyHeaders?: readonly ProxyHeader[]

  /**
   * The hosts that requests from the network may be for: names without a port, and
   * `*.example.com` for all names below `example.com`. Others get a 421. Without this option every
   * host is allowed.
   * @defaultValue undefined
   */
  allowedHosts?: readonly string[]

  /**
   * The longest body of a request from the network, in bytes; `Infinity` for no limit. A longer one
   * fails with `ERR_BODY_TOO_LARGE` and a 413, at once if the client declares the length. At least
   * 0. On the command line the default is 1 GiB.
   * @defaultValue `Infinity`
   */
  maxBody?: number

  /**
   * How many bytes a second a client must send of the body of a request, on average; 0 for no
   * limit. A client has 10 s for the first bytes, and up to 60 s later if it was faster before.
   * Otherwise the request fails with `ERR_BODY_TOO_SLOW` and a 408. The time counts only while the
   * application reads, and not once its response has started. On the command line the default is
   * 240. Servers of `node:http` end slow requests after `server.requestTimeout` (5 minutes).
   * @defaultValue 0
   */
  minBodyRate?: number

  /**
   * How many requests one worker may have in flight, not counting open WebSockets. Requests from
   * the network whose bodies are still arriving may take half of these places. Small bodies, of up
   * to 64 KiB, are complete before their request takes one. At least 1; `Infinity` for no limit.
   * @defaultValue 1000
   */
  concurrency?: number

  /**
   * How many requests may wait for a worker. A further request fails with `ERR_QUEUE_FULL`. At
   * least 0; `Infinity` for no limit.
   * @defaultValue 1000
   */
  maxQueue?: number

  /**
   * Paths of health checks. When the queue is full, 8 more GET and HEAD requests for them may wait,
   * and they are the next to get a worker, each before every second one of the others. So an
   * orchestrator does not end a pool that is only busy. The paths are those that the application
   * routes by, without `rootPath` or the prefix that it is mounted under. `[]`: none.
   * @defaultValue `['/health', '/healthz', '/livez', '/readyz']`
   */
  healthPaths?: readonly string[]

  /**
   * How often a request is sent to another worker when its worker dies before the response has
   * started. Applies to GET, HEAD, OPTIONS and TRACE, and to requests marked as `idempotent`,
   * unless their body is a stream. At least 0.
   * @defaultValue 1
   */
  retry?: number

  /**
   * The size of the shared memory that carries data to each worker, in bytes: a power of two from
   * 256 KiB to 1 GiB.
   * @defaultValue `1024 * 1024`
   */
  requestRing?: number

  /**
   * The size of the shared memory that carries data from each worker, in bytes: a power of two from
   * 256 KiB to 1 GiB.
   * @defaultValue `1024 * 1024`
   */
  responseRing?: number

  /**
   * How long Node and each worker look for the next message before they sleep, in microseconds, 0
   * to 1000. This saves the time of a wake-up, which takes longer than most requests. They look
   * only while requests are in flight, and less often while they find nothing. `auto` is what two
   * wake-ups take on this machine (10 to 100, measured while it runs) if Node and each worker have a
   * core, and otherwise 0.
   * @defaultValue `'auto'`
   */
  spin?: 'auto' | number

  /**
   * Time limits.
   * @defaultValue `{}`
   */
  timeouts?: Timeouts

  /**
   * When to start workers again that have failed.
   * @defaultValue `{}`
   */
  restart?: RestartOptions

  /**
   * When to replace workers that have not failed.
   * @defaultValue `{}`
   */
  recycle?: RecycleOptions

  /**
   * Limits for WebSockets.
   * @defaultValue `{}`
   */
  websocket?: WebSocketOptions

  /**
   * What the Python processes may do. `'strict'` is short for `{ profile: 'strict' }`. By default
   * processes of the same user can neither trace them nor read their memory and environment.
   * @defaultValue `{}`
   */
  isolation?: 'strict' | IsolationOptions

  /**
   * Who may see {@link PythonHandler.dashboard}.
   * @defaultValue `{}`
   */
  dashboard?: DashboardOptions

  /**
   * Whether the application is being debugged ({@link https://docs.python.org/3/library/pdb.html |
   * pdb}). There is one worker then, and it has the terminal of Node, so `breakpoint()` works.
   * Nothing has a time limit, nothing is repeated, and debuggers may attach: `workers`, `preload`,
   * `retry`, `recycle`, `isolation.debug`, and of `timeouts` `startup`, `request`, `hang` and
   * `disconnectGrace` have no effect. `timeouts.drain` and `retire` are 2000 at most.
   *
   * With a port (at least 1024), or `'host:port'`, the package debugpy listens there for an editor,
   * in which `breakpoint()` stops then. Whoever can connect can run any code. The host is 127.0.0.1
   * if there is none.
   * @defaultValue false
   */
  debug?: boolean | number | string

  /**
   * Where to log; `false` for nowhere.
   * @defaultValue `console`
   */
  logger?: Logger | false
}
