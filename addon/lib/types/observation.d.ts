import type { AppError } from './errors.js'
import type { Times, Traffic } from './traffic.js'
import type { EndpointEjectedDetails, EndpointSource, EndpointStats } from './remote.js'

/**
 * The state of a handler:
 * - `starting`: until each worker has tried to start once;
 * - `running`: requests are served;
 * - `failed`: no worker can be started. Requests are rejected at once, and the pool keeps retrying;
 * - `closing`: `close()` was called;
 * - `closed`: the last process has ended.
 */
export type HandlerState = 'starting' | 'running' | 'failed' | 'closing' | 'closed'

/**
 * The state of a worker:
 * - `starting`: it imports the application and runs lifespan startup;
 * - `ready`: it takes requests;
 * - `draining`: it takes no more requests, and finishes those it has;
 * - `gone`: its process has ended.
 */
export type WorkerState = 'starting' | 'ready' | 'draining' | 'gone'

/** One worker, as {@link PythonHandler.stats} describes it. */
export interface WorkerStats extends Traffic {
  /** The number of the worker, from 1. A replacement gets a new number. */
  id: number
  /** The process id; 0 until the process exists. */
  pid: number
  /** Its state. */
  state: WorkerState
  /** The number of requests that it has not answered yet. */
  inFlight: number
  /** How late its event loop answered last, in milliseconds. Measured while it has requests. */
  lag: number
  /** Milliseconds since it became ready; 0 until then. */
  uptime: number
  /** Resident memory in bytes, including pages it shares; 0 until the process exists. */
  memory: number
}

/** The interpreter that runs the application, and why it is this one. */
export interface Interpreter {
  /** Its path. Once Python has started, as Python itself knows it (`sys.executable`). */
  path: string
  /**
   * The version of Python, for example `3.12.1`. Before Python has started: as its environment has
   * it on record, or `''` if it does not.
   */
  version: string
  /**
   * What has led to it, for example `VIRTUAL_ENV`, `.venv in /srv/app`, `the option python` or
   * `python3 on PATH`. It also names environments that were passed over because they do not have
   * the version that the option `python` asks for.
   */
  reason: string
}

/** The state of the pool at one moment, with counts since the handler was created. */
export interface PoolStats extends Traffic {
  /** The state of the handler. */
  state: HandlerState
  /**
   * The interpreter of the workers. With the option `remote` and no workers, its path and version
   * are `''`.
   */
  python: Interpreter
  /** Every worker whose process has not ended. */
  workers: WorkerStats[]
  /** The endpoints of a remote application; only with the option `remote`. */
  endpoints?: EndpointStats[]
  /** The number of workers that there should be, and its limits. All are equal if it is fixed. */
  size: { wanted: number, min: number, max: number }
  /** The number of workers, or of endpoints, that take requests. */
  ready: number
  /** The number of requests in flight in all workers. */
  inFlight: number
  /** The number of requests that wait for a worker. */
  queued: number
  /** How often a request was sent to a second worker because its first one died. */
  retried: number
  /** The number of requests that were not sent: the queue was full, or there was no worker. */
  rejected: number
  /** The time that requests waited for a worker, if they had to wait. */
  wait: Times
  /** How many workers have ended, by reason. */
  exits: Partial<Record<ExitReason, number>>
  /** Which start of the application serves, counted from 1. Each reload is a start. */
  generation: number
  /** The number of reloads that succeeded. */
  reloads: number
}

/** The process that something comes from. */
export interface ProcessSource {
  /** The number of the worker; 0 for the fork server. */
  worker: number
  /** The process id. */
  pid: number
}

/** The source of a line of output. */
export interface LineSource extends ProcessSource {
  /** The level of a record of Python's `logging`; `null` for a line that was just printed. */
  level: 'debug' | 'info' | 'warn' | 'error' | null
}

/** Details of the event `worker:ready`. */
export interface WorkerReadyDetails extends ProcessSource {
  /** The version of Python, for example `3.11.2`. */
  python: string
  /** The event loop: `asyncio` or `uvloop`. */
  loop: string
  /** Whether the application supports lifespan events. */
  lifespan: boolean
}

/** Details of the event `worker:hung`. */
export interface WorkerHungDetails extends ProcessSource {
  /** The number of requests that it had. */
  inFlight: number
  /**
   * The Python stacks of all its threads and of the tasks of its event loop, as far as it could
   * print them.
   */
  stacks: string
}

/** Details of the event `worker:recycle`. */
export interface WorkerRecycleDetails extends ProcessSource {
  /**
   * The limit of the option `recycle` that the worker has reached, or `asked`: somebody asked for
   * it on the dashboard.
   */
  reason: 'requests' | 'memory' | 'age' | 'asked'
  /** The number of requests that were sent to it. */
  requests: number
  /** Milliseconds since it became ready. */
  age: number
}

/** Details of the event `reload`. */
export interface ReloadDetails {
  /** The number of this start of the application, from 1. */
  generation: number
  /** Milliseconds until all new workers were ready, or one failed. */
  duration: number
  /** Why it failed; `null` if it succeeded. After a failure the old workers keep serving. */
  error: Error | null
}

/** Details of the event `pool:resize`. */
export interface PoolResizeDetails {
  /** The number of workers that there should have been. */
  from: number
  /** The number of workers that there should be now. They may still be starting. */
  to: number
  /** The fewest workers that there may be. */
  min: number
  /** The most workers that there may be. */
  max: number
  /** Requests waited or event loops were late, there was less to do, or `resize()` asked for it. */
  reason: 'load' | 'idle' | 'asked'
}

/** Details of the event `pool:failed`. */
export interface PoolFailedDetails {
  /**
   * Why the last worker could not start, or no endpoint can be used. Requests are rejected with
   * this error.
   */
  error: Error
}

/**
 * Why a worker ended. The first four are failures: it did not start, ended by itself, had a blocked
 * event loop, or broke the protocol. With the others it was told to end.
 */
export type ExitReason =
  'startup' | 'crash' | 'hung' | 'protocol' | 'recycle' | 'resize' | 'reload' | 'close'

/** Details of the event `worker:exit`. */
export interface WorkerExitDetails extends ProcessSource {
  /** Why it ended. */
  reason: ExitReason
  /** The exit code; `null` if a signal ended it. */
  code: number | null
  /** The name of the signal that ended it, or `null`. */
  signal: string | null
  /** The error that ended it; `null` if it was told to end. */
  error: Error | null
}

/**
 * The events of a handler, with the arguments of their listeners. No event needs a listener.
 * @example
 * ```js
 * python.on('worker:exit', ({ worker, pid, reason }) => {
 *   console.log(`worker ${worker} (pid ${pid}) ended: ${reason}`)
 * })
 * ```
 */
export interface PythonHandlerEvents {
  /** A worker process was forked. */
  'worker:start': [details: ProcessSource]
  /** A worker takes requests. */
  'worker:ready': [details: WorkerReadyDetails]
  /** The event loop of a worker was blocked for longer than `timeouts.hang`; it is killed. */
  'worker:hung': [details: WorkerHungDetails]
  /** A worker is replaced although it has not failed. Its successor is starting. */
  'worker:recycle': [details: WorkerRecycleDetails]
  /** A worker process ended. */
  'worker:exit': [details: WorkerExitDetails]
  /** A reload succeeded or failed. */
  reload: [details: ReloadDetails]
  /** The number of workers that there should be has changed. */
  'pool:resize': [details: PoolResizeDetails]
  /** No worker can be started. Requests are rejected at once, and the pool keeps retrying. */
  'pool:failed': [details: PoolFailedDetails]
  /** A worker is ready again after `pool:failed`. */
  'pool:recovered': [details: {}]
  /** The name of a remote application has another address. */
  'endpoint:added': [details: EndpointSource]
  /** An address is gone from the name of a remote application. */
  'endpoint:removed': [details: EndpointSource]
  /** An endpoint gets no more requests, because it has failed. */
  'endpoint:ejected': [details: EndpointEjectedDetails]
  /** An endpoint gets requests again. */
  'endpoint:recovered': [details: EndpointSource]
  /** The application raised an exception during a request, which fails with the same error. */
  'app:error': [error: AppError, source: ProcessSource]
  /**
   * Python logged an error: a record of its `logging` at the level ERROR or above, or an exception
   * that an application raised after its response. FastAPI and Starlette do that with exceptions
   * that they answer with 500. The text has the traceback, if there is one, and goes to the logger,
   * too.
   */
  'log:error': [text: string, source: ProcessSource]
  /**
   * Python printed a line to stdout, or its `logging` wrote a record, which may have several lines.
   * Without a listener, the output goes to the logger.
   */
  stdout: [line: string, source: LineSource]
  /** The same for stderr. */
  stderr: [line: string, source: LineSource]
}
