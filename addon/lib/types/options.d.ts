/** Time limits, in milliseconds. 0 means "no limit" for `request` and `hang`. */
export interface Timeouts {
  /**
   * How long a worker may take to import the application and run lifespan startup, and how long the
   * fork server may take to start. At least 1.
   * @defaultValue 60000
   */
  startup?: number

  /**
   * How long a request may take until its response starts (with `handleRequest()`, until it is
   * complete), including the time in the queue; 0 for no limit. A request can set its own limit.
   * @defaultValue 300000
   */
  request?: number

  /**
   * How long closing the handler may take, all steps together. Time that closing its servers took
   * before counts, too. Requests in flight get at least half of it. The steps after them
   * ({@link Timeouts.disconnect | disconnect}, {@link Timeouts.cancel | cancel},
   * {@link Timeouts.shutdown | shutdown}, {@link Timeouts.kill | kill}) get their own times, cut
   * down together if that is more than the other half, but at least a second.
   * @defaultValue 8000
   */
  drain?: number

  /**
   * How long requests in flight may take to finish in a worker that is replaced, because it is
   * recycled or the application is reloaded.
   * @defaultValue 300000
   */
  retire?: number

  /**
   * When the time of the requests in flight is over, those that are left get `http.disconnect`.
   * This is how long they may take to finish before their tasks are cancelled.
   * @defaultValue 3000
   */
  disconnect?: number

  /**
   * How long cancelled tasks may take to finish before lifespan shutdown runs.
   * @defaultValue 1000
   */
  cancel?: number

  /**
   * How long lifespan shutdown of a worker may take.
   * @defaultValue 10000
   */
  shutdown?: number

  /**
   * How long a process may take to exit after lifespan shutdown, before it is killed. At least 1.
   * @defaultValue 2000
   */
  kill?: number

  /**
   * How long the event loop of a worker that has requests may stay blocked; 0 for no limit. After
   * that the worker is killed and replaced, and its requests fail with `ERR_WORKER_HUNG`.
   * @defaultValue 30000
   */
  hang?: number

  /**
   * How long the application may keep running after it got `http.disconnect` for a request (the
   * client left, the request was aborted or timed out) before its task is cancelled. `Infinity`:
   * never.
   * @defaultValue 30000
   */
  disconnectGrace?: number
}

/**
 * When to start a worker again. A worker that was ready is replaced at once, however often workers
 * crash. A start that failed is repeated at once, then after delays that double. Half of each delay
 * is random, so that many workers do not start at the same time. Each worker has its own delays.
 */
export interface RestartOptions {
  /**
   * The first delay after failed starts, in milliseconds. At least 1.
   * @defaultValue 100
   */
  min?: number

  /**
   * The longest delay, in milliseconds. Must not be below `min`.
   * @defaultValue 30000
   */
  max?: number

  /**
   * A worker that keeps crashing after it was ready may spend half of this time, in milliseconds,
   * on starting. After that its starts are delayed, so that they take half of the time. At least 1.
   * @defaultValue 60000
   */
  window?: number

  /**
   * After this many failed starts in a row, each further one waits for `max`. When no worker is
   * left and every start has failed this often, the pool has failed: requests are rejected at once
   * until a worker is ready. At least 1, or `Infinity`.
   * @defaultValue 5
   */
  limit?: number
}

/**
 * When to replace a worker that has not failed. One worker is replaced at a time. Its successor is
 * ready before it stops taking requests, and its requests get {@link Timeouts.retire} to finish.
 */
export interface RecycleOptions {
  /**
   * After this many requests. At least 1; `Infinity`: never.
   * @defaultValue `Infinity`
   */
  requests?: number

  /**
   * The fraction of `requests` and `age`, 0 to 1, that is subtracted at random for each worker, so
   * that workers that started together are not replaced together.
   * @defaultValue 0.1
   */
  jitter?: number

  /**
   * When its resident memory reaches this many bytes. It is checked every second while the worker
   * has requests. At least 1; `Infinity`: never.
   * @defaultValue `Infinity`
   */
  memory?: number

  /**
   * When it has been ready for this many milliseconds. At least 1; `Infinity`: never.
   * @defaultValue `Infinity`
   */
  age?: number
}

/**
 * What one worker may use, as resource limits of the system (setrlimit(2)). The application cannot
 * raise them, unless it runs as root. A limit of the system that is lower stays in force.
 */
export interface IsolationLimits {
  /**
   * Private memory in bytes: heap, thread stacks, and what was preloaded, but neither files nor
   * shared memory (RLIMIT_DATA). At least 1. Beyond it, Python raises `MemoryError`. If a request
   * fails with that, its worker ends, and the requests that it had fail with `ERR_WORKER_CRASHED`.
   * @defaultValue `Infinity`
   */
  memory?: number

  /**
   * CPU time in milliseconds, over the whole life of the worker, rounded up to seconds
   * (RLIMIT_CPU). At least 1. After that the worker is killed with SIGXCPU, and replaced.
   * @defaultValue `Infinity`
   */
  cpu?: number

  /**
   * Open file descriptors (RLIMIT_NOFILE). At least 64.
   * @defaultValue `Infinity`
   */
  files?: number

  /**
   * Processes and threads of the worker's user, counted over the whole system (RLIMIT_NPROC). At
   * least 1. Useful with a {@link IsolationOptions.user | user} that runs nothing else; it does not
   * apply to root.
   * @defaultValue `Infinity`
   */
  processes?: number

  /**
   * The size of a core file in bytes (RLIMIT_CORE). At least 0. There are none at all without
   * {@link IsolationOptions.debug | debug}.
   * @defaultValue `Infinity`
   */
  core?: number
}

/** Files that the application may use in addition to those of the profile `strict`. */
export interface IsolationAllow {
  /**
   * Paths that may be read and executed, with everything below them. Relative paths start at the
   * working directory of Node. They must exist.
   * @defaultValue `[]`
   */
  read?: readonly (string | URL)[]

  /**
   * Paths that may be read and written, with everything below them. They must exist. Programs
   * below them cannot be executed.
   * @defaultValue `[]`
   */
  write?: readonly (string | URL)[]
}

/**
 * How the Python processes are separated from Node, from each other and from the system.
 */
export interface IsolationOptions {
  /**
   * `strict` confines the Python processes: the application can read its docroot, the Python
   * environment and system libraries, and write a temporary directory of its own (`TMPDIR`).
   * Tracing, raw sockets, new namespaces and parts of the kernel that few programs need are
   * refused. Needs Landlock (Linux 6.2).
   * @defaultValue `'none'`
   * @throws `ERR_INVALID_OPTION` if the kernel does not have it.
   */
  profile?: 'none' | 'strict'

  /**
   * Whether debuggers and profilers of the same user may attach to the Python processes, and
   * whether these leave core files. Otherwise only root can. This also lets a hostile worker read
   * the memory of the others.
   * @defaultValue false
   */
  debug?: boolean

  /**
   * Whether to protect the process of Node in the same way. It then leaves no core file, and
   * debuggers of the same user cannot attach. `node --inspect` still works. Cannot be undone.
   * @defaultValue false
   */
  node?: boolean

  /**
   * The user that the Python processes run as: a name or a number. `HOME`, `USER` and `LOGNAME` are
   * set to match. The processes have no supplementary groups.
   * @defaultValue the user of Node
   * @throws `ERR_INVALID_OPTION` if there is no such user, or Node is not root.
   */
  user?: string | number

  /**
   * The group that the Python processes run as: a name or a number.
   * @defaultValue the group of {@link IsolationOptions.user | user}, or that of Node
   */
  group?: string | number

  /**
   * The permissions that new files of the Python processes do not get, for example `0o027`.
   * @defaultValue that of Node
   */
  umask?: number

  /**
   * Whether programs that the application executes gain no privileges, for example by set-user-ID
   * (PR_SET_NO_NEW_PRIVS).
   * @defaultValue true with the profile `strict`, otherwise false
   */
  noNewPrivileges?: boolean

  /**
   * Whether the Python processes give up all capabilities. With another
   * {@link IsolationOptions.user | user} they have none anyway.
   * @defaultValue true with the profile `strict`, otherwise false
   */
  dropCapabilities?: boolean

  /**
   * Which variables of Node's environment the Python processes get: all, those that the interpreter
   * needs (`PATH`, `HOME`, `USER`, `LOGNAME`, `LANG`, `LANGUAGE`, `LC_*`, `TZ`, `TMPDIR`,
   * `LD_LIBRARY_PATH`, `VIRTUAL_ENV`, `CONDA_PREFIX`, `PYTHON*`), or those and the ones in this
   * list. The option {@link PythonHandlerOptions.env | env} adds to them.
   * @defaultValue false with the profile `strict`, otherwise true
   */
  inheritEnv?: boolean | readonly string[]

  /**
   * More files for the profile `strict`.
   * @defaultValue `{}`
   */
  allow?: IsolationAllow

  /**
   * Limits for each worker.
   * @defaultValue `{}`
   */
  limits?: IsolationLimits
}

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

/** A header in which a proxy says who the client is. */
export type ProxyHeader =
  | 'forwarded'
  | 'x-forwarded-for'
  | 'x-forwarded-proto'
  | 'x-forwarded-host'

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
   * The number of worker processes, 1 to 1024. The default is `os.availableParallelism()`, or less
   * if the CPU quota of the control group (of a container, for example) is lower.
   * @defaultValue the number of cores that may be used
   */
  workers?: number

  /**
   * What to import before workers are forked, so that they start quickly and share its memory: a
   * list of modules, or `true` for the application.
   * @defaultValue false
   */
  preload?: boolean | readonly string[]

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
   * only while requests are in flight, and less often while they find nothing. `auto` is 20 if Node
   * and each worker have a core, and otherwise 0.
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
   * Where to log; `false` for nowhere.
   * @defaultValue `console`
   */
  logger?: Logger | false
}
