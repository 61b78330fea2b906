import { Times } from '../util/times.js'

/**
 * The outcomes of the requests that one worker, or several, were given. Each request ends in one of
 * the last four counts, or is in flight.
 */
export class Traffic {
  constructor () {
    /** Requests that were given to the worker. */
    this.requests = 0
    /** Answered with a complete response. */
    this.answered = 0
    /** Failed in the application. */
    this.failed = 0
    /** Aborted by the sender, or timed out. */
    this.aborted = 0
    /** Lost with the worker; some of them are sent again. */
    this.lost = 0
    /** From sending a request to the start of its response. */
    this.latency = new Times()
  }

  /** @param {Traffic} traffic */
  merge (traffic) {
    this.requests += traffic.requests
    this.answered += traffic.answered
    this.failed += traffic.failed
    this.aborted += traffic.aborted
    this.lost += traffic.lost
    this.latency.merge(traffic.latency)
  }

  summary () {
    const { requests, answered, failed, aborted, lost } = this
    return { requests, answered, failed, aborted, lost, latency: this.latency.summary() }
  }
}
