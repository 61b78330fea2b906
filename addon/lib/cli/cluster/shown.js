/**
 * What --metrics, --health and --dashboard show of all members. The primary knows it. A member
 * that shows it on a path asks the primary.
 */

import { createListeners } from '../../http/health.js'
import { loadClient } from '../prometheus.js'

/** @typedef {import('../monitoring.js').Sources} Sources */

/**
 * Asks the primary: the names of topics are in knowledge.js.
 * @typedef {(topic: string, data?: unknown) => Promise<any>} Ask
 */

/**
 * @param {Ask} ask
 * @returns {Sources}
 */
export function clusterSources (ask) {
  return {
    metrics: async () => {
      await loadClient() // says at the start that it is missing
      return (req, res) => { showMetrics(ask, req, res) }
    },
    health: createListeners(() => ask('health').catch(({ message }) => ({
      ready: false, reason: `the primary process does not answer: ${message}`
    }))),
    dashboard: (token) => {
      const loading = Promise.all(
        [import('../../dashboard/dashboard.js'), import('../../dashboard/polled-source.js')])
        .then(([{ serveDashboard }, { PolledSource }]) =>
          serveDashboard(new PolledSource(ask), token))
      return async (req, res) => (await loading)(req, res)
    }
  }
}

/**
 * @param {Ask} ask
 * @param {any} req
 * @param {any} res
 */
async function showMetrics (ask, req, res) {
  if (req.method !== 'GET' && req.method !== 'HEAD') {
    res.writeHead(405, { allow: 'GET, HEAD' })
    return res.end()
  }
  try {
    const { text, type } = await ask('metrics')
    res.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' })
    res.end(req.method === 'HEAD' ? undefined : text)
  } catch (error) {
    res.writeHead(500)
    res.end(`The metrics could not be read: ${/** @type {Error} */ (error).message}\n`)
  }
}
