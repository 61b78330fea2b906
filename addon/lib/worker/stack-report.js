/** Picks the stacks that a worker prints when it is asked for them out of what else it prints. */

/** Characters. A worker that never ends its report must not fill the memory. */
const MAX_REPORT = 1024 * 1024

/** What faulthandler prints above the stack of a thread, and stacks.py above that of a task. */
const TITLE = /^(?:(?:Current thread|Thread) 0x[\da-f]+.*|Task .+ \((?:running|waiting)\)):?/

/** What stacks.py prints last. A worker that is blocked in native code does not get that far. */
const LAST_LINE = 'End of the stacks'

export class StackReport {
  /** @type {string[]} */
  #lines = []

  #size = 0
  #isInside = false

  /** Whether the report is complete. */
  isComplete = false

  /**
   * @param {string} line of stderr
   * @returns {boolean} whether it belongs to the report
   */
  take (line) {
    if (this.isComplete) return false
    this.isComplete = line === LAST_LINE
    if (this.isComplete) return true
    if (TITLE.test(line)) this.#isInside = true
    else if (!this.#isInside || !(line === '' || line === '...' || line.startsWith('  '))) {
      return false
    }
    this.#size += line.length
    if (this.#size <= MAX_REPORT) this.#lines.push(line)
    return true
  }

  get text () {
    return this.#lines.join('\n').trim()
  }
}

/**
 * @typedef {object} Stacks
 * @property {string} threads as faulthandler has printed them
 * @property {{ name: string, text: string }[]} tasks of the event loop, the running one first
 */

/**
 * @param {string} text of a report
 * @returns {Stacks}
 */
export function parseStacks (text) {
  /** @type {string[]} */
  const threads = []
  /** @type {Stacks['tasks']} */
  const tasks = []
  for (const block of text.split(/\n\n+/)) {
    const name = /^Task (.+) \((?:running|waiting)\):/.exec(block)?.[1]
    if (name === undefined) threads.push(block)
    else tasks.push({ name, text: block })
  }
  return { threads: threads.join('\n\n'), tasks }
}
