/** The metrics of a handler, for --metrics. */

import { InvalidOptionError } from '../errors.js'

/**
 * The metrics of the handler, and those that prom-client has of every process.
 * @param {import('../handler.js').PythonHandler} python
 */
export async function handlerMetrics (python) {
  const { Registry, collectDefaultMetrics } = await loadClient()
  const { createMetrics } = await import('../adapters/metrics.js')
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return createMetrics(python, { registry })
}

/** @throws {InvalidOptionError} it is not installed */
export async function loadClient () {
  try {
    return await import('prom-client')
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error)
    if (code?.endsWith('MODULE_NOT_FOUND') !== true) throw error
    throw new InvalidOptionError('--metrics', '--metrics needs prom-client; run `npm install ' +
      'prom-client` (with --global, if node-asgi is installed like that)')
  }
}
