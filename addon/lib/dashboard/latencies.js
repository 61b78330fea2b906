/** Milliseconds: the upper end of the first bucket, and how much wider each bucket is. */
const FIRST = 0.05
const GROWTH = 1.1

/** Up to nine minutes. */
const BUCKETS = 170

/**
 * A histogram of times in milliseconds, exact to 10 %. It takes 700 bytes, so that there can be one
 * for each second and each route, and any of them can be added up.
 */
export class Latencies {
  #counts = new Uint32Array(BUCKETS)

  constructor () {
    this.count = 0
    this.max = 0
  }

  /** @param {number} time milliseconds */
  add (time) {
    const bucket = time <= FIRST ? 0 : Math.ceil(Math.log(time / FIRST) / Math.log(GROWTH))
    this.#counts[Math.min(bucket, BUCKETS - 1)]++
    this.count++
    if (time > this.max) this.max = time
  }

  /** @param {Latencies} other */
  merge (other) {
    for (let i = 0; i < BUCKETS; i++) this.#counts[i] += other.#counts[i]
    this.count += other.count
    this.max = Math.max(this.max, other.max)
  }

  clear () {
    this.#counts.fill(0)
    this.count = this.max = 0
  }

  /**
   * @param {number} part 0 to 1
   * @returns {number | null} milliseconds; null: there are no times
   */
  percentile (part) {
    if (this.count === 0) return null
    let rest = Math.max(1, Math.ceil(this.count * part))
    let bucket = 0
    while (bucket < BUCKETS - 1 && (rest -= this.#counts[bucket]) > 0) bucket++
    return bucket === BUCKETS - 1 ? this.max : Math.min(this.max, FIRST * GROWTH ** bucket)
  }
}
