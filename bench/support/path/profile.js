// Counts the instructions of each stage of a request, in Node's main thread and in the worker: runs
// trace.js under callgrind.
import { readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { callgrind, parseFunctions } from '../../../test/instructions/callgrind.js'
import { stagesOf, V8_OPTIONS } from './stages.js'

const TRACE = fileURLToPath(new URL('trace.js', import.meta.url))

const OPTIONS = ['--trace-children=yes', '--smc-check=all-non-file', '--dump-before=umask',
  // V8's compiler and collector run in threads of their own, which are not counted.
  '--separate-threads=yes']

/**
 * --perf-basic-prof makes V8 write the addresses of JavaScript functions into MAP; --logfile=+
 * makes the log that it writes as well a temporary file.
 */
const V8_WRITES = ['--perf-basic-prof', '--logfile=+', '--no-logfile-per-isolate']
const MAP = pid => `/tmp/perf-${pid}.map`

/** Part 2, thread 1: part 1 ends at the first mark, and part 2 holds the requests that count. */
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
 * The names of compiled JavaScript functions, from lines such as
 * "d0aef40 147c JS:*encodeHead file:///…/head.js:82:28". All versions of a function share one name.
 */
function jitNames (text) {
  const names = new Map()
  for (const line of text.split('\n')) {
    const [, address, name, file] =
      /^([0-9a-f]+) [0-9a-f]+ JS:[~^*]?(.*) (\S+):\d+:\d+$/.exec(line) ?? []
    if (address !== undefined) {
      names.set(address, `JS:${name} ${file.split('/').at(-1)}`)
    }
  }
  return name => names.get(/^0x0*([0-9a-f]+)$/.exec(name)?.[1]) ?? name
}
