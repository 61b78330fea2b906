/** @typedef {import('./worker-owner.js').ExitReason} ExitReason */

/** What is known of why and how one worker ends. The worker notes it as it happens. */
export class Ending {
  /** @type {ExitReason | null} */
  #reason = null

  /** What it means if a signal that asks for stacks ends it instead.
   * @type {{ signal: number, error: Error, reason: ExitReason } | null} */
  #presumed = null

  constructor () {
    /** @type {Error | null} what made it fail, where that is more than how its process ended */
    this.error = null
    /** @type {{ code: number | null, signal: number } | null} how its process ended */
    this.exit = null
    /** It has been told to end. */
    this.told = false
    /** It has ended as told: nothing is in flight, and lifespan shutdown has run. */
    this.stopped = false
    /** It has been sent SIGKILL. */
    this.killed = false
  }

  /** @returns {ExitReason | null} null: the way it ended is the only reason */
  get reason () { return this.#reason }

  /** @param {ExitReason} reason */
  tell (reason) {
    this.told = true
    this.#reason ??= reason
  }

  /**
   * @param {Error} error
   * @param {ExitReason} reason
   */
  fail (error, reason) {
    this.error = error
    this.#reason = reason
  }

  /**
   * From now on: if this signal ends it, it has failed for another reason.
   * @param {number} signal
   * @param {Error} error
   * @param {ExitReason} reason
   */
  presume (signal, error, reason) {
    this.#presumed = { signal, error, reason }
  }

  /** What was presumed is not so. */
  acquit () {
    this.#presumed = null
  }

  /**
   * Its process has ended.
   * @param {number | null} code
   * @param {number} signal 0: none
   */
  exited (code, signal) {
    this.exit = { code, signal }
    const presumed = this.#presumed
    if (presumed?.signal === signal && this.error === null) {
      this.fail(presumed.error, presumed.reason)
    }
  }

  /**
   * Whether it ended because it was told to, even if by force.
   * @param {boolean} wasReady
   */
  asTold (wasReady) {
    if (this.error !== null) return false
    if (this.exit === null) return true
    if (this.stopped) return this.told
    const withServer = this.exit.code === null && this.exit.signal === 0
    return this.told && (this.killed || !wasReady || withServer)
  }

  /**
   * What a worker that has been told to end is still doing.
   * @param {number} inFlight requests
   */
  activity (inFlight) {
    if (this.stopped) {
      return 'its process has not exited (a thread, a child process or an exit handler of the ' +
        'application can delay that)'
    }
    if (inFlight === 0) return 'lifespan shutdown is still running'
    return inFlight === 1
      ? '1 request is still in flight'
      : `${inFlight} requests are still in flight`
  }
}
