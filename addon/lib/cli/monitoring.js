/** What --metrics and --health show. */

import { InvalidOptionError } from '../errors.js'
import { SideServers } from './side-servers.js'

/** @typedef {import('./side-servers.js').Place} Place */
/** @typedef {import('../handler.js').PythonHandler} PythonHandler */

/**
 * @param {{ metrics: Place | null, health: Place | null }} wanted
 * @param {PythonHandler} python
 * @param {object} server that it is attached to
 * @returns {Promise<SideServers>}
 */
export async function startMonitoring ({ metrics, health }, python, server) {
  const servers = new SideServers(server)
  if (metrics !== null) {
    servers.offer('--metrics', metrics, { '/metrics': await metricsListener(python) })
  }
  if (health !== null) {
    const { livez, readyz } = python.health
    servers.offer('--health', health, { '/livez': livez, '/readyz': readyz })
  }
  await servers.listen()
  return servers
}

/**
 * The metrics of the handler, and those that prom-client has of every process.
 * @param {PythonHandler} python
 */
async function metricsListener (python) {
  const { Registry, collectDefaultMetrics } = await loadClient()
  const { createMetrics } = await import('../adapters/metrics.js')
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return createMetrics(python, { registry }).listener
}

async function loadClient () {
  try {
    return await import('prom-client')
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error)
    if (code?.endsWith('MODULE_NOT_FOUND') !== true) throw error
    throw new InvalidOptionError('--metrics', '--metrics needs prom-client; run `npm install ' +
      'prom-client` (with --global, if node-asgi is installed like that)')
  }
}
