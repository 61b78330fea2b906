// HTTP load from wrk: the one on PATH, or that of Debian's packages in bench/.debian.
import { execFile, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { unpacked } from '../install/debian.js'

const SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url))
const run = promisify(execFile)
/** Seconds after which a response counts as lost. */
const TIMEOUT = 20

let found = null

/** @returns {{ program: string, env: object, version: string }} */
export function findWrk () {
  found ??= usable({ program: 'wrk', env: {} }) ?? fromDebian()
  return found
}

/** Adds its version; null if it does not run. */
function usable ({ program, env }) {
  const { stdout } = spawnSync(program, ['-v'],
    { encoding: 'utf8', env: { ...process.env, ...env } })
  const version = /^wrk (\S+)/.exec(stdout ?? '')?.[1]
  return version === undefined ? null : { program, env, version }
}

function fromDebian () {
  let cause
  try {
    const wrk = usable(unpacked('wrk'))
    if (wrk !== null) return wrk
  } catch (error) {
    cause = error
  }
  throw new Error('wrk, which generates the HTTP load, is not on PATH, and downloading it with ' +
    '"apt-get download" failed. Install it: "apt-get install wrk" on Debian and Ubuntu, ' +
    'otherwise see https://github.com/wg/wrk', { cause })
}

/**
 * Sends the same request repeatedly; each connection sends the next one when it has the whole
 * response to the last. Throws when a response is missing or is not 2xx or 3xx.
 * @param {object} options
 * @param {number} options.port on 127.0.0.1
 * @param {string} [options.path]
 * @param {string} [options.method]
 * @param {{ [name: string]: string }} [options.headers]
 * @param {[piece: string, times: number]} [options.body]
 * @param {number} options.inFlight connections
 * @param {number} options.seconds
 * @returns {Promise<Load>}
 */
export async function wrk ({
  port, path = '/', method = 'GET', headers = {}, body = ['', 0], inFlight, seconds
}) {
  const { program, env } = findWrk()
  // wrk's -d takes whole seconds only.
  const args = ['-t', '1', '-c', String(inFlight), '-d', `${Math.max(1, Math.round(seconds))}s`,
    '--timeout', `${TIMEOUT}s`, '-s', SCRIPT, `http://127.0.0.1:${port}${path}`,
    '--', method, body[0], String(body[1]),
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)]
  const { stdout, stderr } = await run(program, args, {
    env: { ...process.env, ...env },
    timeout: (seconds + TIMEOUT + 10) * 1000,
    killSignal: 'SIGKILL'
  })
  return parseWrk(stdout, stderr)
}

/**
 * @typedef {object} Load the result of a load
 * @property {number} requests
 * @property {number} seconds
 * @property {number} [bytes]
 * @property {number} [p50] percentiles of the latency, in milliseconds
 * @property {number} [p90]
 * @property {number} [p99]
 * @property {number} [p999]
 * @property {number} [max]
 */

/**
 * Parses the line that wrk.lua adds to the output of wrk.
 * @returns {Load}
 */
export function parseWrk (stdout, stderr = '') {
  const line = stdout.split('\n').findLast(line => line.startsWith('{'))
  if (line === undefined) throw new Error(`wrk printed no result: ${stderr}${stdout}`)
  const { requests, bytes, micros, ...rest } = JSON.parse(line)
  const load = { requests, seconds: micros / 1e6, bytes }
  for (const [name, value] of Object.entries(rest)) {
    if (!name.endsWith('Errors')) load[name] = value / 1000
    else if (value > 0) throw new Error(`wrk counted errors: ${line}`)
  }
  if (requests === 0) throw new Error(`no request was answered: ${line}`)
  return load
}
