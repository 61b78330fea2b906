import { loadBinding } from '../binding.js'

/**
 * What a process uses, as far as this process may know it.
 * @param {number} pid
 * @returns {import('../binding.js').ProcessUsage} without any, if there is no such process
 */
export function processUsage (pid) {
  return loadBinding().processUsage(pid)
}
