/** A response that cannot be right, whatever happened to the worker. */
export class WrongAnswer extends Error {}

/** @param {boolean} condition @param {string} what was wrong if it is false */
export function right (condition, what) {
  if (!condition) throw new WrongAnswer(what)
}

/** A failure that a client may see when a worker dies, hangs or has no memory left. */
export class Failed extends Error {}

const STATUSES = new Set([500, 502, 503, 504])

/** Returns if the status is the one that a right response has. */
export function checkStatus (status, expected = 200) {
  if (status === expected) return
  if (STATUSES.has(status)) throw new Failed(`status ${status}`)
  throw new WrongAnswer(`status ${status} instead of ${expected}`)
}

/** Counts the outcomes of the operations of each kind. */
export class Outcomes {
  /** @type {Map<string, { sent: number, right: number, failed: number, left: number }>} */
  kinds = new Map()
  /** @type {Map<string, number>} how often operations failed, by reason */
  failures = new Map()
  /** @type {string[]} answers that were wrong, and operations that never ended */
  faults = []
  #report

  /** @param {(fault: string) => void} report gets each fault at once */
  constructor (report) {
    this.#report = report
  }

  /**
   * @param {string} kind
   * @param {() => Promise<void | 'left'>} operation resolves with 'left' if the client went away
   * @param {number} limit milliseconds after which it counts as hung
   */
  async run (kind, operation, limit) {
    const counts = this.kinds.get(kind) ?? { sent: 0, right: 0, failed: 0, left: 0 }
    this.kinds.set(kind, counts)
    counts.sent++
    let timer
    const hung = new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new WrongAnswer('no end')), limit)
    })
    try {
      counts[await Promise.race([operation(), hung]) ?? 'right']++
      return true
    } catch (error) {
      counts.failed++
      if (error instanceof WrongAnswer || !(error instanceof Failed || isCut(error))) {
        this.faults.push(`${kind}: ${error.code ?? error.name}: ${error.message}`)
        this.#report(this.faults.at(-1))
      }
      const reason = `${kind}: ${error instanceof Failed ? error.message : error.code}`
      this.failures.set(reason, (this.failures.get(reason) ?? 0) + 1)
      return false
    } finally {
      clearTimeout(timer)
    }
  }

  get total () {
    const total = { sent: 0, right: 0, failed: 0, left: 0 }
    for (const counts of this.kinds.values()) {
      for (const name of Object.keys(total)) total[name] += counts[name]
    }
    return total
  }
}

const CUT = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'ERR_HTTP2_STREAM_ERROR',
  'ERR_HTTP2_INVALID_STREAM', 'ERR_HTTP2_GOAWAY_SESSION', 'ERR_HTTP2_SESSION_ERROR',
  'ERR_STREAM_PREMATURE_CLOSE'])

/** Whether the connection or the stream was cut, which is how a response that has begun fails. */
const isCut = error => CUT.has(error.code)
