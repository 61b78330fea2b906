import { PythonHandler } from '../../addon/lib/handler.js'
import { createFake, createLog } from './fake-binding.js'

/**
 * Creates a handler on the fake binding; it is closed when the test ends.
 * @param {import('node:test').TestContext} t
 * @param {object} [options] of the handler
 * @param {Parameters<typeof createFake>[0]} [behaviour]
 */
export function fakeHandler (t, options = {}, behaviour = {}) {
  return handlerOn(t, createFake(behaviour), options)
}

/**
 * @param {import('node:test').TestContext} t
 * @param {ReturnType<typeof createFake>} fake
 * @param {object} [options] of the handler
 */
export function handlerOn (t, fake, options = {}) {
  const log = createLog()
  const python = new PythonHandler({
    docroot: import.meta.dirname,
    workers: 1,
    logger: log,
    ...options,
    timeouts: { drain: 200, shutdown: 200, kill: 200, ...options.timeouts }
  }, fake)
  t.after(() => python.close())
  return { python, fake, log }
}
