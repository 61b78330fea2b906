/** What --metrics, --health and --dashboard show. */

import { InvalidOptionError } from '../errors.js'
import { handlerMetrics } from './prometheus.js'
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

/** @typedef {import('./side-servers.js').Listener} Listener */

/**
 * Where what is shown comes from.
 * @typedef {object} Sources
 * @property {() => Promise<Listener>} metrics
 * @property {{ livez: Listener, readyz: Listener }} health
 * @property {(token: string | undefined) => Listener} dashboard
 */

/**
 * @param {Wanted} wanted
 * @param {Sources} sources
 * @param {object | null} server that the application is attached to; null: there is none, and no
 *   place is a path
 * @returns {Promise<SideServers>}
 */
export async function startMonitoring ({ metrics, health, dashboard, token }, sources, server) {
  const servers = new SideServers(server)
  if (metrics !== null) {
    servers.offer('--metrics', metrics, { '/metrics': await sources.metrics() })
  }
  if (health !== null) {
    const { livez, readyz } = sources.health
    servers.offer('--health', health, { '/livez': livez, '/readyz': readyz })
  }
  if (dashboard !== null) {
    if (token === undefined) await checkIsLocal(dashboard)
    servers.offer('--dashboard', dashboard, { '/dashboard/': sources.dashboard(token) })
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
 * @param {PythonHandler} python
 * @returns {Sources}
 */
export function handlerSources (python) {
  return {
    metrics: async () => (await handlerMetrics(python)).listener,
    health: python.health,
    dashboard: () => python.dashboard
  }
}
