// Where instructions of a request go, in Node's main thread and in the worker: path/trace.js under
// callgrind.
import { readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { callgrind, parseFunctions } from '../../../test/instructions/callgrind.js'
import { stagesOf, V8_OPTIONS } from './stages.js'

const TRACE = fileURLToPath(new URL('trace.js', import.meta.url))

const OPTIONS = ['--trace-children=yes', '--smc-check=all-non-file', '--dump-before=umask',
  // V8's compiler and collector have threads of their own.
  '--separate-threads=yes']

/** V8 writes into MAP which function is at which address; the log that it makes besides is temporary. */
const V8_WRITES = ['--perf-basic-prof', '--logfile=+', '--no-logfile-per-isolate']
const MAP = pid => `/tmp/perf-${pid}.map`

/** The first part is what was before the first mark. */
const PART = '2-01'

/**
 * @param {{ python: string, inFlight: number, warmUp: number, requests: number }} options
 * @returns {Promise<{ node: Profile, worker: Profile }>}
 * @typedef {ReturnType<typeof stagesOf>} Profile
 */
export async function profile (options) {
  const { stdout, profiles } = await callgrind(
    [process.execPath, ...V8_WRITES, ...V8_OPTIONS, TRACE, JSON.stringify(options)], OPTIONS)
  const { node, worker } = JSON.parse(stdout)
  const nameOf = jitNames(readFileSync(MAP(node), 'utf8'))
  rmSync(MAP(node))
  const read = (side, pid) =>
    stagesOf(side, parseFunctions(profiles.get(`${pid}.${PART}`), nameOf), options.requests)
  return { node: read('node', node), worker: read('worker', worker) }
}

/**
 * Names of compiled JavaScript, from lines such as
 * "d0aef40 147c JS:*encodeHead file:///…/head.js:82:28"; all versions of a function are one.
 */
function jitNames (text) {
  const names = new Map()
  for (const line of text.split('\n')) {
    const [, address, name, file] = /^([0-9a-f]+) [0-9a-f]+ JS:[~^*]?(.*) (\S+):\d+:\d+$/.exec(line) ?? []
    if (address !== undefined) names.set(address, `JS:${name} ${file.split('/').at(-1)}`)
  }
  return name => names.get(/^0x0*([0-9a-f]+)$/.exec(name)?.[1]) ?? name
}
