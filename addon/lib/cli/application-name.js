import { serviceOf } from '../handler.js'
import { describeInterpreter } from '../interpreter/interpreter.js'

/**
 * @param {import('../handler.js').PythonHandler} python
 * @returns {string} what answers its requests: an interpreter, or the addresses of a service
 */
export function nameApplication (python) {
  const remote = serviceOf(python)?.settings.remote ?? null
  return remote === null
    ? describeInterpreter(python.stats().python)
    : remote.addresses.map(({ url }) => url).join(', ')
}
