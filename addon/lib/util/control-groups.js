/**
 * The control groups that this process is in, cgroups(7) version 1 and 2. They limit what
 * containers and services may use.
 */

import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/**
 * The folders of the groups with a controller, and of the groups that they are in: the limit of a
 * group holds for all of its members together.
 * @param {'cpu' | 'memory'} controller
 * @param {(path: string) => string} read the content of a file; throws if there is none
 * @returns {{ folder: string, isV2: boolean }[]} empty if this is not Linux, or nothing can be read
 */
export function controlGroups (controller, read = readText) {
  const found = []
  try {
    const mounts = cgroupMounts(read('/proc/self/mountinfo'))
    for (const line of read('/proc/self/cgroup').split('\n')) {
      // hierarchy:controllers:path. Version 2 is hierarchy 0, without controllers.
      const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
      const isV2 = controllers === ''
      if (!isV2 && !controllers?.split(',').includes(controller)) continue
      const mount = mounts.find((each) => isV2 ? each.isV2 : each.controllers.includes(controller))
      if (mount === undefined) continue
      for (const folder of foldersUp(mount, path)) found.push({ folder, isV2 })
    }
  } catch {
    // No limit is known.
  }
  return found
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
 * @param {string} path
 * @param {string} otherwise for a file that does not exist: the root has none
 * @param {(path: string) => string} read
 */
export function readOr (path, otherwise, read) {
  try {
    return read(path)
  } catch {
    return otherwise
  }
}

/** @param {string} path */
export function readText (path) {
  return readFileSync(path, 'utf8')
}
