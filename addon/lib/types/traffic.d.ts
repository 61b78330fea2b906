/** A distribution of times, in milliseconds, exact to 1 %. All values are 0 if `count` is 0. */
export interface Times {
  /** The number of times. */
  count: number
  /** The arithmetic mean. */
  mean: number
  /** The median. */
  p50: number
  /** The 90th percentile. */
  p90: number
  /** The 99th percentile. */
  p99: number
  /** The 99.9th percentile. */
  p999: number
  /** The longest time. */
  max: number
}

/**
 * Counts of requests. Each request that was sent to a worker ends in one of `answered`, `failed`,
 * `aborted` and `lost`, or is in flight.
 */
export interface Traffic {
  /** Sent to a worker. */
  requests: number
  /** Answered with a complete response. */
  answered: number
  /** Failed in the application. */
  failed: number
  /** Aborted by the sender, or timed out. */
  aborted: number
  /** Lost with their worker. Those that may be repeated were sent again, and count again. */
  lost: number
  /** The time from sending a request to a worker until the start of its response. */
  latency: Times
}
