/** Milliseconds: the upper end of the first bucket, and how much wider each bucket is. */
const FIRST = 0.05
const GROWTH = 1.1

/** Up to nine minutes. */
const BUCKETS = 170

/** @typedef {{ count: number, max: number, counts: Uint32Array }} RawLatencies */

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

  /** @returns {RawLatencies} for another process */
  raw () {
    return { count: this.count, max: this.max, counts: this.#counts.slice() }
  }

  /** @param {any} raw what raw() has returned in another process; anything else is left out */
  mergeRaw (raw) {
    const { count, max, counts } = Object(raw)
    const isRaw = counts instanceof Uint32Array && counts.length === BUCKETS &&
      Number.isFinite(count) && Number.isFinite(max)
    if (!isRaw) return
    for (let i = 0; i < BUCKETS; i++) this.#counts[i] += counts[i]
    this.count += count
    this.max = Math.max(this.max, max)
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
