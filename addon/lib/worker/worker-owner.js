/**
 * What a worker and its owner have in common (types only). crew.js implements WorkerOwner.
 */

/** @typedef {import('../errors.js').AppError} AppError */
/** @typedef {import('../interpreter/interpreter.js').Interpreter} Interpreter */
/** @typedef {import('./line-reader.js').Level} Level */
/** @typedef {import('../stream/request-stream.js').RequestStream} RequestStream */

/**
 * Why a process ends: it failed (startup, crash, hung, protocol), or it is no longer wanted.
 * @typedef {'startup' | 'crash' | 'hung' | 'protocol' | 'recycle' | 'resize' | 'reload' |
 *   'close'} ExitReason
 */

/**
 * What a worker says about itself when it is ready.
 * @typedef {{ pid: number, python: string, loop: string, lifespan: boolean, routes?: unknown }}
 *   WorkerInfo
 */

/**
 * How long each step of the drain sequence may take, in milliseconds. A step that ends early leaves
 * its time to those after it.
 * @typedef {object} DrainPlan
 * @property {number} finish for requests in flight
 * @property {number} disconnect from http.disconnect until tasks are cancelled
 * @property {number} total from the beginning until the process is killed
 * @property {number} kill for the process to exit after lifespan shutdown, and for its end to be
 *   reported once it has been killed
 */

/**
 * What an owner does when something happens to its worker.
 * @template Worker
 * @typedef {object} WorkerOwner
 * @property {Interpreter} interpreter that runs its process
 * @property {(worker: Worker) => void} onForked its process exists, and its pid is known
 * @property {(worker: Worker, info: WorkerInfo) => void} onReady it takes requests
 * @property {(worker: Worker) => void} onUnavailable it takes no more requests, at least for now
 * @property {(worker: Worker) => void} onAvailable it takes requests again
 * @property {(worker: Worker) => void} onBusy it has a request in flight after it had none
 * @property {(worker: Worker) => void} onQuota it has been given as many requests as it may have
 * @property {() => void} onFreed it has room for more requests
 * @property {(stream: RequestStream, error: Error) => void} onLost the worker ended before the
 *   request did, because of the error
 * @property {(worker: Worker, signal: number) => void} onSignal its process is to get this signal
 * @property {(worker: Worker, activity: string) => void} onOverdue it was told to end, has not done
 *   so in time because of this activity, and is being killed
 * @property {(worker: Worker) => void} onUnkillable it was killed, and nobody has reported its end
 *   within `timeouts.kill`
 * @property {(worker: Worker, error: Error) => void} onGone the error says why, unless the worker
 *   was told to end (`endedAsTold`)
 * @property {(worker: Worker, error: AppError) => void} onAppError the
 *   application raised in a request
 * @property {(worker: Worker, name: 'stdout' | 'stderr', line: string,
 *   level: Level | null) => void} onLine it printed a line
 */

export {}
