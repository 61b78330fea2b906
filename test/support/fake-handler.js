import { PythonHandler } from '../../addon/lib/handler.js'
import { createFake, createLog } from './fake-binding.js'

/**
 * A handler on the fake binding, closed when the test ends.
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

/** Keeps the process alive while a test waits for something that does not. */
export function stayAlive (t) {
  const timer = setInterval(() => {}, 1000)
  t.after(() => clearInterval(timer))
}

/** A worker whose application cannot be imported. */
export function failImport (worker) {
  worker.failStartup('import', 'ImportError', "No module named 'x'", 'Traceback: line 1')
}

/** A value of the option `restart` with which nothing is retried while a test runs. */
export const slowly = { min: 2 ** 30, max: 2 ** 30 }

/** An application that answers /quick at once, and everything else when the test says so. */
export const onDemand = {
  app: (request) => { if (request.path === '/quick') request.respond(200, 'ok') }
}

/** What the addon throws when there are no file descriptors left. */
export const exhausted = () => Object.assign(new Error('memfd_create: Too many open files'),
  { code: 'ERR_NO_RESOURCES' })

/** A class of the addon whose objects cannot be made. */
export const Failing = class { constructor () { throw exhausted() } }
