/** What --metrics, --health and --dashboard show. */

import { InvalidOptionError } from '../errors.js'
import { SideServers } from './side-servers.js'

/** @typedef {import('./side-servers.js').Place} Place */
/** @typedef {import('../handler.js').PythonHandler} PythonHandler */

/**
 * @typedef {object} Wanted
 * @property {Place | null} metrics
 * @property {Place | null} health
 * @property {Place | null} dashboard
 * @property {string | undefined} token of the dashboard
 */

/**
 * @param {Wanted} wanted
 * @param {PythonHandler} python
 * @param {object} server that it is attached to
 * @returns {Promise<SideServers>}
 */
export async function startMonitoring ({ metrics, health, dashboard, token }, python, server) {
  const servers = new SideServers(server)
  if (metrics !== null) {
    servers.offer('--metrics', metrics, { '/metrics': await metricsListener(python) })
  }
  if (health !== null) {
    const { livez, readyz } = python.health
    servers.offer('--health', health, { '/livez': livez, '/readyz': readyz })
  }
  if (dashboard !== null) {
    if (token === undefined) await checkIsLocal(dashboard)
    servers.offer('--dashboard', dashboard, { '/dashboard/': python.dashboard })
  }
  await servers.listen()
  return servers
}

/** @param {Place} place of a dashboard without a token */
async function checkIsLocal (place) {
  const { isLoopbackHost } = await import('../dashboard/access.js')
  if ('host' in place && isLoopbackHost(place.host)) return
  const where = 'path' in place
    ? `${place.path} is where the users of the application are`
    : `${place.host}:${place.port} is open to other machines`
  throw new InvalidOptionError('dashboard.token', `--dashboard ${where}, so the dashboard needs ` +
    'a token. Set NODE_ASGI_DASHBOARD_TOKEN to something that nobody can guess, or leave out the ' +
    'place of --dashboard')
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
