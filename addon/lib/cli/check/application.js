/**
 * Starts the application as the server would, with one worker, and stops it again.
 */

import { PythonHandler } from '../../handler.js'
import { pythonLine } from '../logger.js'
import { failure, ok, warning } from './finding.js'

/** @typedef {import('./finding.js').Finding} Finding */

/** What has failed, by the code of the error. */
const STAGES = /** @type {Record<string, string>} */ ({
  ERR_APP_IMPORT: 'application',
  ERR_PRELOAD: 'application',
  ERR_LIFESPAN: 'lifespan',
  ERR_STARTUP_TIMEOUT: 'start'
})

/** How Python reports a problem with the lifespan that does not end the worker (lifespan.py). */
const LIFESPAN_PROBLEM = /^node-asgi: (.*\blifespan\b.*)$/m

const SILENT = { info () {}, warn () {}, error () {} }

/**
 * @param {Record<string, any>} options of the handler
 * @param {(memory: number, isShared: boolean) => Finding} judgeMemory of a worker that has started
 * @returns {AsyncGenerator<Finding>}
 */
export async function * checkApplication (options, judgeMemory) {
  const python = new PythonHandler({ ...options, workers: 1, logger: SILENT })
  const seen = { lifespan: false, loop: '', problem: '', exit: /** @type {any} */ (null) }
  python.on('worker:ready', ({ lifespan, loop }) => Object.assign(seen, { lifespan, loop }))
  python.on('worker:exit', (details) => { seen.exit = details })
  for (const name of ['stdout', 'stderr']) {
    python.on(name, (line, source) => {
      process.stderr.write(`${pythonLine(line, source)}\n`)
      const problem = LIFESPAN_PROBLEM.exec(line)
      if (problem !== null) seen.problem = problem[1]
    })
  }
  const begin = performance.now()
  try {
    await python.ready
    yield ok('application', `${options.appTarget} was imported and started in ` +
      `${((performance.now() - begin) / 1000).toFixed(1)} s, with ${seen.loop}`)
    yield judgeMemory(python.stats().workers[0]?.memory ?? 0, !!options.preload)
  } catch (error) {
    yield failure(STAGES[/** @type {any} */ (error).code] ?? 'start', error)
    return
  } finally {
    await python.close()
  }
  yield lifespanFinding(seen)
}

/** @param {{ lifespan: boolean, problem: string, exit: any }} seen */
function lifespanFinding ({ lifespan, problem, exit }) {
  if (problem !== '') {
    return warning('lifespan', problem, 'correct the startup or the shutdown of the application')
  }
  if (exit?.signal != null) {
    return warning('lifespan', 'the worker did not end when it was told to, and was killed by ' +
      exit.signal, 'see what keeps the application from ending')
  }
  return ok('lifespan', lifespan
    ? 'startup and shutdown succeeded'
    : 'the application does not use lifespan events; it was stopped')
}
