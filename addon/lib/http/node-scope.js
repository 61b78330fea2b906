/**
 * The option `scope`: what Node says about a request that arrived over HTTP, for example who has
 * logged in.
 */

import { InvalidOptionError } from '../errors.js'
import { describe } from '../errors/unknown-key.js'
import { encodeNodeData } from '../message/node-data.js'

/**
 * @typedef {import('./incoming-head.js').Arrival} Arrival
 * @typedef {import('../message/node-data.js').ScopeOption} ScopeOption
 */

/**
 * @param {unknown} scope
 * @returns {ScopeOption}
 */
export function checkScope (scope) {
  if (scope === undefined || typeof scope === 'function') return /** @type {any} */ (scope)
  if (typeof scope === 'object' && !Array.isArray(scope)) return scope
  throw new InvalidOptionError('scope', 'scope must be an object, or a function that returns one ' +
    `for a request, for example (req) => ({ user: req.user }), not ${describe(scope)}`)
}

/**
 * Asks what Node says about a request. Without a promise, everything happens during the call.
 * @param {Arrival | undefined} arrival
 * @param {any} req
 * @param {(arrival: Arrival | undefined) => void} then gets the arrival with its data
 * @param {(error: unknown) => void} fail
 */
export function withNodeData (arrival, req, then, fail) {
  if (arrival?.scope === undefined) return then(arrival)
  const go = (/** @type {unknown} */ value) => {
    let data
    try {
      data = encodeNodeData(value)
    } catch (error) {
      return fail(error)
    }
    then({ ...arrival, scope: undefined, data })
  }
  const { scope } = arrival
  let value
  try {
    value = typeof scope === 'function' ? scope(req) : scope
  } catch (error) {
    return fail(error)
  }
  if (typeof (/** @type {any} */ (value)?.then) === 'function') {
    Promise.resolve(value).then(go, fail)
  } else {
    go(value)
  }
}
