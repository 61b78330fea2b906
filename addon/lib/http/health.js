/**
 * Answers the questions of orchestrators and load balancers: whether this process works, and
 * whether requests may be sent to it. Neither asks Python, so an application that is busy does not
 * look dead.
 */

import { ENDPOINT_STATES, countStates, countWorkers } from '../pool/stats.js'

/** @typedef {import('../supervisor/supervisor.js').Supervisor} LocalSupervisor */
/** @typedef {LocalSupervisor | import('../remote/remote.js').Remote} Supervisor */

/**
 * @typedef {object} Readiness
 * @property {boolean} ready
 * @property {string | null} reason why not
 * @property {string | null} code of the error that is the reason, if one is
 * @property {Supervisor['state']} state
 * @property {Record<'starting' | 'ready' | 'draining', number>} workers
 * @property {Record<typeof ENDPOINT_STATES[number], number>} [endpoints] of a remote application
 * @property {number} queued
 */

/** @typedef {(req: any, res: any, next?: (error?: any) => void) => void} Listener */

const OK = 200
const NOT_FOUND = 404
const NOT_ALLOWED = 405
const UNAVAILABLE = 503

/** @param {() => Supervisor} supervisorOf holds the handler, as whoever has the listeners does */
export function createHealth (supervisorOf) {
  /** @type {string | null} why no more requests are wanted */
  let suspended = null

  /** @returns {Readiness} */
  function check () {
    const supervisor = supervisorOf()
    const { pool, endpoints } = supervisor
    const why = suspended === null ? reasonOf(supervisor) : { reason: suspended }
    return {
      ready: why === null,
      reason: why?.reason ?? null,
      code: why?.code ?? null,
      state: pool.closed && supervisor.state !== 'closed' ? 'closing' : supervisor.state,
      workers: countWorkers(supervisor.workers),
      ...endpoints === null ? {} : { endpoints: countStates(ENDPOINT_STATES, endpoints) },
      queued: pool.queued
    }
  }

  return Object.assign(createListeners(check), {
    check,
    /** @param {string} reason */
    suspend (reason = 'requests are not wanted at the moment') {
      suspended = String(reason)
    },
    resume () {
      suspended = null
    }
  })
}

/**
 * @param {() => { ready: boolean } | Promise<{ ready: boolean }>} check must not fail
 * @returns listeners that answer with it
 */
export function createListeners (check) {
  /** @type {Listener} */
  const livez = (req, res) => answer(req, res, OK, { alive: true })

  /** @type {Listener} */
  const readyz = (req, res) => {
    const tell = (/** @type {{ ready: boolean }} */ readiness) =>
      answer(req, res, readiness.ready ? OK : UNAVAILABLE, readiness)
    const found = check()
    if (found instanceof Promise) found.then(tell)
    else tell(found)
  }

  /** @type {Listener} */
  const listener = (req, res, next) => {
    const path = req.url.split('?', 1)[0]
    if (path === '/livez') livez(req, res)
    else if (path === '/readyz') readyz(req, res)
    else if (typeof next === 'function') next()
    else answer(req, res, NOT_FOUND, { paths: ['/livez', '/readyz'] })
  }

  return Object.assign(listener, { livez, readyz })
}

/**
 * @param {Supervisor} supervisor
 * @returns {{ reason: string, code?: string } | null} null: it is ready
 */
function reasonOf (supervisor) {
  const { state, pool, size, fallback, workers } = supervisor
  const isRemote = supervisor.endpoints !== null
  if (state === 'closed') return { reason: 'the handler is closed' }
  if (pool.closed) return { reason: 'the handler is closing' }
  if (fallback !== null) return reasonOf(fallback)
  if (state === 'starting') {
    const { ready } = countWorkers(workers)
    return {
      reason: isRemote
        ? 'no endpoint of the remote application has answered yet'
        : `the application is starting, ${ready} workers ready`
    }
  }
  if (state === 'failed') {
    const { message = '', code } = /** @type {any} */ (pool.outage ?? {})
    const what = isRemote ? 'no endpoint takes requests' : 'no worker can be started'
    // A traceback is for the log.
    return { reason: `${what}: ${message.split('\n', 1)[0]}`, code }
  }
  // A pool that may have no worker starts one for the next request.
  if (pool.workers.length > 0 || (!isRemote && size.min === 0)) return null
  return { reason: `no ${isRemote ? 'endpoint' : 'worker'} takes requests at the moment` }
}

/**
 * @param {any} req
 * @param {any} res
 * @param {number} status
 * @param {object} body
 */
function answer (req, res, status, body) {
  if (req.method !== 'GET' && req.method !== 'HEAD') {
    res.writeHead(NOT_ALLOWED, { allow: 'GET, HEAD' })
    return res.end()
  }
  const text = Buffer.from(`${JSON.stringify(body)}\n`)
  res.writeHead(status, {
    'content-type': 'application/json',
    'content-length': text.length,
    'cache-control': 'no-store'
  })
  res.end(req.method === 'HEAD' ? undefined : text)
}
