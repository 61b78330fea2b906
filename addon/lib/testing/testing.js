/**
 * `node-asgi/testing`: handlers for tests. types/testing.d.ts declares it for users.
 */

import { InvalidOptionError } from '../errors.js'
import { PythonHandler } from '../handler.js'
import { atEndOfTests } from './end-of-tests.js'
import { checkOverrides } from './overrides.js'

/** Milliseconds. A test has no clients for whom it is worth to wait longer. */
const DRAIN = 1000

/**
 * The handlers that are closed when all tests of the file have run.
 * @type {Set<PythonHandler>}
 */
const started = new Set()

const closesAtEnd = atEndOfTests(() => Promise.all([...started].map((python) => python.close())))

/**
 * @param {Record<string, any>} [options] those of PythonHandler, and `overrides`
 * @returns {Promise<PythonHandler>} that is ready
 */
export async function testPython (options) {
  options ??= {}
  if (typeof options !== 'object') {
    throw new InvalidOptionError('options', 'the options of testPython() must be an object, for ' +
      "example testPython({ appTarget: 'main:app' })")
  }
  const { overrides, ...others } = options
  const python = new PythonHandler({
    ...others,
    workers: others.workers ?? 1,
    timeouts: { ...others.timeouts, drain: others.timeouts?.drain ?? DRAIN }
  }, { preparation: { overrides: checkOverrides(overrides) } })
  if (closesAtEnd) started.add(python)
  try {
    await python.ready
    return python
  } catch (error) {
    await python.close()
    throw error
  }
}
