import { constants } from 'node:os'

import { optionName } from '../util/option-name.js'

/** Tells from how a worker has ended which of its limits it has reached. */
export class Limits {
  /**
   * @param {import('../options.js').Isolation['limits']} limits
   * @param {number} outOfMemoryExit
   */
  constructor (limits, outOfMemoryExit) {
    this.limits = limits
    this.outOfMemoryExit = outOfMemoryExit
  }

  /**
   * @param {number | null} code exit code
   * @param {number} signal 0: none
   * @returns {{ how: string, advice: string } | null} null: none that can be known
   */
  reached (code, signal) {
    const { memory, cpu } = this.limits
    if (memory !== Infinity && code === this.outOfMemoryExit && signal === 0) {
      return {
        how: `used up the ${memory} bytes of memory that it is allowed`,
        advice: `look for a leak or for large requests, or raise ${
          optionName('isolation.limits.memory')}`
      }
    }
    if (cpu !== Infinity && signal === constants.signals.SIGXCPU) {
      return {
        how: `used up the ${cpu} ms of CPU time that it is allowed`,
        advice: 'that is the time of its whole life; to replace workers without losing requests, ' +
          `use ${optionName('recycle.age')}, or raise ${optionName('isolation.limits.cpu')}`
      }
    }
    return null
  }
}
