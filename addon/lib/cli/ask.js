/**
 * Starts an application for a command that asks it something, and ends it.
 */

import { PythonHandler } from '../handler.js'
import { pythonLine } from './logger.js'

/**
 * @template T
 * @param {Record<string, any>} options of the handler
 * @param {import('../option-types.js').Preparation} preparation of the application
 * @param {import('../options.js').Logger} logger
 * @param {(python: PythonHandler) => Promise<T>} ask
 * @returns {Promise<T>}
 */
export async function askApplication (options, preparation, logger, ask) {
  const python = new PythonHandler({
    ...options,
    workers: 1,
    // Otherwise the members of a set, and what is made of them, have another order each time.
    env: { PYTHONHASHSEED: process.env.PYTHONHASHSEED ?? '0', ...options.env },
    logger
  }, { preparation })
  // stdout is for the answer.
  for (const name of ['stdout', 'stderr']) {
    python.on(name, (line, source) => { process.stderr.write(`${pythonLine(line, source)}\n`) })
  }
  try {
    await python.ready
    return await ask(python)
  } finally {
    await python.close({ timeout: 0 })
  }
}
