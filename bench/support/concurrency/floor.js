// The lower bound of every Python server: see floor.py.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const SCRIPT = fileURLToPath(new URL('floor.py', import.meta.url))

/**
 * @param {object} options bin, docroot, app, inFlight, seconds, loop, env; the request of a
 *   Workload
 * @returns {Promise<import('../loads/wrk.js').Load & { cpu: object }>} without latencies
 */
export async function floor ({ bin, inFlight, env, ...options }) {
  const { stdout } = await run(join(bin, 'python'),
    [SCRIPT, JSON.stringify({ in_flight: inFlight, ...options })],
    {
      env: { ...process.env, ...env },
      timeout: (options.seconds + 60) * 1000,
      killSignal: 'SIGKILL'
    })
  return JSON.parse(stdout)
}
