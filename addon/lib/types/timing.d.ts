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
