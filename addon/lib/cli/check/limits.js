/**
 * Compares what a server with these settings may need with what the machine has.
 */

import { MIB } from '../values.js'
import { ok, warning } from './finding.js'

/** @typedef {import('./finding.js').Finding} Finding */

/** Descriptors that Node has apart from connections and workers: files, event loop, listeners. */
const OWN_DESCRIPTORS = 60

/** Descriptors that Node has for each worker: control socket, output, bells, shared memory. */
const WORKER_DESCRIPTORS = 12

/** Of the memory, when it becomes tight: applications grow, and the system needs some. */
const TIGHT = 0.8

/** Bytes. Node itself, with connections and buffers. */
const NODE_MEMORY = 150 * MIB

/**
 * @param {{ limit: number, connections: number, workers: number }} numbers limit: Infinity if there
 *   is none; connections: Infinity if the setting has no limit
 * @returns {Finding}
 */
export function checkDescriptors ({ limit, connections, workers }) {
  const rest = OWN_DESCRIPTORS + workers * WORKER_DESCRIPTORS
  const needed = connections + rest
  const has = limit === Infinity ? 'no limit of open files' : `${limit} open files are allowed`
  if (limit >= needed) return ok('descriptors', `${has}, ${needed} are enough`)
  const possible = Math.max(1, limit - rest)
  return warning('descriptors',
    `${has}, but ${connections === Infinity ? 'any number of' : connections} connections and ` +
    `${workers} workers may need ${needed === Infinity ? 'more' : needed}`,
    `raise the limit (ulimit -n, or LimitNOFILE= of systemd), or set --max-connections ${possible}`)
}

/**
 * @param {{ cores: number, workers: number }} numbers
 * @returns {Finding}
 */
export function checkCores ({ cores, workers }) {
  const detail = `${count(workers, 'worker')} on ${count(cores, 'core')}`
  if (workers <= cores) return ok('cores', detail)
  return warning('cores', detail, `set --workers ${cores}, unless the application waits in its ` +
    'workers without asyncio')
}

/**
 * @param {object} numbers
 * @param {number} numbers.limit bytes
 * @param {string} numbers.source of the limit
 * @param {number} numbers.worker bytes of one worker that has just started
 * @param {number} numbers.workers
 * @param {number} [numbers.processes] of Node
 * @param {boolean} numbers.isShared whether workers share what is preloaded
 * @returns {Finding}
 */
export function checkMemory ({ limit, source, worker, workers, processes = 1, isShared }) {
  const needed = NODE_MEMORY * processes + worker * workers
  const detail = `${count(workers, 'worker')} of ${mebibytes(worker)} and Node.js need ` +
    `${isShared ? 'at most ' : ''}${mebibytes(needed)} after the start, and the ${source} allows ` +
    mebibytes(limit)
  if (needed <= limit * TIGHT) return ok('memory', detail)
  const possible = Math.max(1, Math.floor((limit * TIGHT - NODE_MEMORY) / worker))
  const preload = isShared ? '' : ', or --preload, so that they share what they have imported'
  return {
    name: 'memory',
    status: needed <= limit || isShared ? 'warning' : 'error',
    detail,
    remedy: possible < workers
      ? `set --workers ${possible}${preload}, or give it more memory`
      : 'give it more memory'
  }
}

/**
 * @param {number} number
 * @param {string} noun
 */
function count (number, noun) {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

/** @param {number} bytes */
function mebibytes (bytes) {
  const size = Math.round(bytes / MIB)
  return size < 10 * 1024 ? `${size} MiB` : `${Math.round(size / 1024)} GiB`
}
