/**
 * What each process gets of that which is set for all of them together. Pure.
 */

import { mostWorkers } from './most-workers.js'

/** @typedef {import('../arguments.js').Arguments} Arguments */

/**
 * @param {number} whole
 * @param {number} count
 * @returns {number[]} integers that differ by one at most, the larger ones first
 */
export function divide (whole, count) {
  return Array.from({ length: count }, (_, i) => Math.floor((whole + count - 1 - i) / count))
}

/**
 * @param {any} workers a number, or the fewest and the most of a pool that grows
 * @param {number} most
 * @param {number} count
 * @returns {any[]}
 */
export function divideWorkers (workers, most, count) {
  const shares = divide(most, count)
  if (Object(workers) !== workers) return shares
  const fewest = divide(workers.min ?? most, count)
  return shares.map((max, i) => ({ ...workers, min: fewest[i], max }))
}

/**
 * @param {Arguments} settings
 * @param {number} cores
 * @returns {Arguments[]} what each process serves with
 */
export function shares (settings, cores) {
  const { handler, limits, processes } = settings
  const most = mostWorkers(handler.workers) ?? Math.max(cores, processes)
  // Each of them alone would find enough cores.
  const spin = handler.spin ?? 'auto'
  const isCrowded = most + processes > cores
  return divideWorkers(handler.workers, most, processes).map((share) => ({
    ...settings,
    handler: { ...handler, workers: share, spin: spin === 'auto' && isCrowded ? 0 : spin },
    limits: {
      ...limits,
      connections: Math.ceil(limits.connections / processes),
      connectionsPerAddress: Math.ceil(limits.connectionsPerAddress / processes)
    },
    pidFile: undefined,
    reload: null,
    stopDelay: 0,
    metrics: onPath(settings.metrics),
    health: onPath(settings.health),
    dashboard: onPath(settings.dashboard)
  }))
}

/**
 * What has an address of its own is shown by the primary.
 * @param {Arguments['metrics']} place
 */
function onPath (place) {
  return place !== null && 'path' in place ? place : null
}
