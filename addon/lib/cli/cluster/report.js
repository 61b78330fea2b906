/** What a member tells the primary about its handler. */

import { serviceOf } from '../../handler.js'

/** @typedef {import('../../handler.js').PythonHandler} PythonHandler */
/** @typedef {import('../../dashboard/local-source.js').LocalSource} LocalSource */

/**
 * @param {() => PythonHandler} handler throws while there is none
 * @returns {Record<string, import('./link.js').Topic>}
 */
export function memberTopics (handler) {
  /** @type {Promise<import('prom-client').Registry> | null} */
  let registry = null

  /** @type {Promise<LocalSource> | null} */
  let source = null
  const watched = () => (source ??= createSource(handler()))

  return {
    // What happens is recorded from now on.
    record: async () => { await watched() },
    snapshot: async (data) => {
      const { recorder, sections } = await watched()
      // The routes and the seconds are added up with those of the other processes.
      return { sections: { ...sections(), routes: [] }, ...recorder.raw(Number(data?.since) || 0) }
    },
    failure: async (data) => (await watched()).failure(String(data?.id)),
    act: async (data) => {
      const { action, worker } = Object(data)
      return await (await watched()).act(String(action), String(worker)) ?? null
    },
    health: () => handler().health.check(),
    counts: () => {
      const { ready, size, inFlight, queued, requests, failed, lost } = handler().stats()
      return { ready, size, inFlight, queued, requests, failed, lost }
    },
    metrics: async () => {
      registry ??= createRegistry(handler())
      return (await registry).getMetricsAsJSON()
    }
  }
}

/** @param {PythonHandler} python */
async function createRegistry (python) {
  const { handlerMetrics } = await import('../prometheus.js')
  return (await handlerMetrics(python)).registry
}

/** @param {PythonHandler} python */
async function createSource (python) {
  const { LocalSource } = await import('../../dashboard/local-source.js')
  return new LocalSource(/** @type {any} */ (serviceOf(python)))
}
