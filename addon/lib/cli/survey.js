/**
 * Asks an interpreter what it has, without importing the application.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'

import { workerMain, workerModule } from '../binding.js'
import { StartupError } from '../errors.js'
import { pythonEnvironment } from '../supervisor/python-environment.js'

/** Milliseconds for Python to answer. */
const PATIENCE = 30_000

/**
 * @typedef {object} Survey as worker/python/node_asgi_worker/survey.py prints it
 * @property {string} executable
 * @property {string} version
 * @property {Record<string, string>} distributions version by name
 * @property {{ module: string, file: string, line: number, command: string }[]} missing modules
 *   that the application imports
 */

/**
 * @param {import('../interpreter/interpreter.js').Interpreter} interpreter
 * @param {import('../options.js').Settings} settings
 * @param {string} [target] the application whose imports are looked for
 * @returns {Promise<Survey>}
 * @throws {StartupError} the interpreter cannot be used
 */
export async function surveyPython (interpreter, { docroot, env, isolation }, target) {
  const child = spawn(interpreter.path,
    ['-u', workerMain, 'survey', ...target === undefined ? [] : [target]], {
      cwd: docroot,
      env: {
        ...pythonEnvironment(process.env, env, isolation), NODE_ASGI_WORKER_MODULE: workerModule()
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: PATIENCE,
      killSignal: 'SIGKILL'
    })
  const output = { stdout: '', stderr: '' }
  for (const name of /** @type {const} */ (['stdout', 'stderr'])) {
    child[name].setEncoding('utf8').on('data', (text) => { output[name] += text })
  }
  try {
    const [code, signal] = await once(child, 'close')
    if (code === 0) return parse(output.stdout)
    throw new Error(output.stderr.trim() || (signal === null
      ? `it ended with exit code ${code}`
      : `it was killed by ${signal} after ${PATIENCE / 1000} seconds`))
  } catch (error) {
    throw new StartupError('ERR_PYTHON_UNUSABLE',
      `${interpreter} cannot be used: ${/** @type {Error} */ (error).message}`, { cause: error })
  }
}

/** @param {string} text its last line is the answer; what is above it was printed by others */
function parse (text) {
  return JSON.parse(text.trimEnd().split('\n').at(-1) ?? '')
}
