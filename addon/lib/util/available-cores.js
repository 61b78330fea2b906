import { availableParallelism } from 'node:os'

import { controlGroups, readOr, readText } from './control-groups.js'

/**
 * How many cores this process may use: those that its affinity allows (`availableParallelism`), or
 * fewer if the CPU quota of its control group is lower. Node counts the quota only since version
 * 22.10. A quota of 1.5 cores counts as 2.
 * @param {(path: string) => string} [read] the content of a file; throws if there is none
 * @returns {number} at least 1
 */
export function availableCores (read = readText) {
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(cpuQuota(read))))
}

/**
 * The lowest CPU quota of the control groups that this process is in, cgroups(7) version 1 and 2.
 * @param {(path: string) => string} read
 * @returns {number} in cores; Infinity: no limit
 */
export function cpuQuota (read) {
  let lowest = Infinity
  for (const { folder, isV2 } of controlGroups('cpu', read)) {
    lowest = Math.min(lowest, isV2 ? quotaV2(folder, read) : quotaV1(folder, read))
  }
  return lowest
}

/**
 * @param {string} folder
 * @param {(path: string) => string} read
 */
function quotaV2 (folder, read) {
  const [quota, period] = readOr(`${folder}/cpu.max`, 'max', read).trim().split(' ')
  return inCores(quota, period)
}

/**
 * @param {string} folder
 * @param {(path: string) => string} read
 */
function quotaV1 (folder, read) {
  return inCores(readOr(`${folder}/cpu.cfs_quota_us`, '-1', read),
    readOr(`${folder}/cpu.cfs_period_us`, '100000', read))
}

/**
 * @param {string} quota of CPU time in a period; 'max' or -1: no limit
 * @param {string} period
 */
function inCores (quota, period) {
  const cores = Number(quota) / Number(period)
  return cores > 0 ? cores : Infinity // also if one of them is not a number
}
