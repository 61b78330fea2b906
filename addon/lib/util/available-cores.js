import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'

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
  try {
    const mounts = cgroupMounts(read('/proc/self/mountinfo'))
    for (const line of read('/proc/self/cgroup').split('\n')) {
      // hierarchy:controllers:path. Version 2 is hierarchy 0, without controllers.
      const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
      const isV2 = controllers === ''
      if (!isV2 && !controllers?.split(',').includes('cpu')) continue
      const mount = mounts.find((each) => isV2 ? each.isV2 : each.controllers.includes('cpu'))
      if (mount === undefined) continue
      for (const folder of foldersUp(mount, path)) {
        lowest = Math.min(lowest, isV2 ? quotaV2(folder, read) : quotaV1(folder, read))
      }
    }
  } catch {
    // Not Linux, or nothing that can be read: no limit is known.
  }
  return lowest
}

/**
 * @param {string} mountinfo proc_pid_mountinfo(5)
 * @returns {{ root: string, point: string, isV2: boolean, controllers: string[] }[]}
 */
function cgroupMounts (mountinfo) {
  return mountinfo.split('\n').flatMap((line) => {
    const [fields, type] = line.split(' - ')
    if (type === undefined) return []
    const [, , , root, point] = fields.split(' ')
    const [name, , options = ''] = type.split(' ')
    if (name !== 'cgroup' && name !== 'cgroup2') return []
    return [{
      root: unescape(root),
      point: unescape(point),
      isV2: name === 'cgroup2',
      controllers: options.split(',')
    }]
  })
}

/**
 * @param {string} [path] in which a space is \040. A missing one is the root.
 */
function unescape (path = '/') {
  return path.replace(/\\([0-7]{3})/g, (_, code) => String.fromCharCode(parseInt(code, 8)))
}

/**
 * The folder of a control group and those of its parents, as far as they are mounted: the quota of
 * a parent limits all its children.
 * @param {{ root: string, point: string }} mount
 * @param {string} path of the group
 */
function * foldersUp ({ root, point }, path) {
  // In a container the mount may begin below the group that /proc names.
  let below = relative(root, path)
  if (below === '..' || below.startsWith('../')) below = ''
  while (below !== '') {
    yield join(point, below)
    below = below.includes('/') ? below.slice(0, below.lastIndexOf('/')) : ''
  }
  yield point
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

/**
 * @param {string} path
 * @param {string} otherwise for a file that does not exist: the root has none
 * @param {(path: string) => string} read
 */
function readOr (path, otherwise, read) {
  try {
    return read(path)
  } catch {
    return otherwise
  }
}

/** @param {string} path */
function readText (path) {
  return readFileSync(path, 'utf8')
}
