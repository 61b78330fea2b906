/**
 * What each process gets of that which is set for all of them together. Pure.
 */

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
 * @param {Arguments} settings
 * @param {number} cores
 * @returns {Arguments[]} what each process serves with
 */
export function shares (settings, cores) {
  const { handler, limits, processes } = settings
  const workers = handler.workers ?? Math.max(cores, processes)
  // Each of them alone would find enough cores.
  const spin = handler.spin ?? 'auto'
  const isCrowded = workers + processes > cores
  return divide(workers, processes).map((share) => ({
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
