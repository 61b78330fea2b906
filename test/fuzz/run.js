/**
 * Runs the targets of libFuzzer and the properties in parallel, each for the same time:
 *
 *   npm run fuzz -- --minutes 60               all
 *   npm run fuzz -- --seconds 30 frame ring    some
 *   npm run fuzz -- --minutes 60 js python     the properties of the parsers in these languages
 *   build/fuzz/test/fuzz/fuzz_ring FILE        repeats a finding
 *
 * The properties try new inputs in each round, FACTOR times as many as in `npm test`.
 * What a run learns stays in build/fuzz/corpus, and later runs begin with it. --merge copies what
 * adds to the seeds, small enough to commit, into test/fuzz/seeds.
 */

import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const BUILD = here('../../build/fuzz')

/** Bytes of an input. Longer ones are slower and find nothing else. */
const LONGEST = 4096

/** Seconds after which a single input counts as an endless loop. */
const LONGEST_RUN = 20

/** Targets with a Python interpreter in the process. */
const PYTHON = ['control', 'scope']

/** Seconds that a target may take to end after its time. */
const PATIENCE = 60

const FACTOR = 5

/** What runs the properties of a language once, by its name. */
const PROPERTIES = {
  js: ['node', '--test', '--test-concurrency=1', ...tests('.test.js')],
  python: [here('../../.venv/bin/python'), '-m', 'pytest', '-q', ...tests('.py')]
}

/** @returns {string[]} */
function tests (ending) {
  return readdirSync(here('.')).filter((name) => name.endsWith(ending)).map((name) => here(name))
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string' },
    seconds: { type: 'string' },
    merge: { type: 'boolean', default: false }
  }
})
const seconds = values.minutes !== undefined
  ? Number(values.minutes) * 60
  : Number(values.seconds ?? 30)
if (!(seconds > 0)) throw new Error('--minutes and --seconds take a number above 0')

const native = readdirSync(here('.'))
  .flatMap((name) => /^(\w+)_fuzzer\.cc$/.exec(name)?.[1] ?? [])
const all = [...native, ...Object.keys(PROPERTIES)]
const targets = positionals.length > 0 ? positionals : all
const unknown = targets.filter((name) => !all.includes(name))
if (unknown.length > 0) throw new Error(`unknown target: ${unknown} (known: ${all.join(' ')})`)

function hasClang () {
  try {
    execFileSync('clang++', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** An interpreter leaves memory behind when it ends. */
const envOf = (name) => PYTHON.includes(name)
  ? { ...process.env, ASAN_OPTIONS: 'detect_leaks=0' }
  : process.env

/** @returns {Promise<boolean>} whether nothing was found */
async function fuzz (name) {
  const corpus = `${BUILD}/corpus/${name}`
  mkdirSync(corpus, { recursive: true })
  const seeds = here(`seeds/${name}`)
  const options = [
    `-max_total_time=${Math.round(seconds)}`, `-max_len=${LONGEST}`, `-timeout=${LONGEST_RUN}`,
    `-artifact_prefix=${BUILD}/finding-${name}-`, '-print_final_stats=1'
  ]
  try {
    const { stderr } = await promisify(execFile)(`${BUILD}/test/fuzz/fuzz_${name}`,
      [...options, corpus, ...(existsSync(seeds) ? [seeds] : [])],
      { env: envOf(name), maxBuffer: 2 ** 28, timeout: (seconds + PATIENCE) * 1000 })
    const runs = /number_of_executed_units: (\d+)/.exec(stderr)?.[1]
    const edges = stderr.match(/cov: (\d+)/g)?.at(-1)
    console.log(`${name.padEnd(8)} ${runs} inputs, ${edges}, no finding`)
    return true
  } catch (error) {
    const { stderr, message } = /** @type {any} */ (error)
    console.log(`${name}: FOUND\n${(stderr ?? message).slice(-8000)}`)
    return false
  }
}

/** @returns {Promise<boolean>} whether all properties held */
async function checkProperties (name) {
  const [program, ...args] = PROPERTIES[name]
  const end = Date.now() + seconds * 1000
  let rounds = 0
  do {
    const seed = String(Date.now() % 2 ** 31)
    const env = { ...process.env, NODE_ASGI_TEST_SEED: seed, NODE_ASGI_FUZZ_FACTOR: String(FACTOR) }
    try {
      await promisify(execFile)(program, args, { env, cwd: here('../..'), maxBuffer: 2 ** 28 })
    } catch (error) {
      const { stdout, message } = /** @type {any} */ (error)
      console.log(`${name}: FOUND with NODE_ASGI_TEST_SEED=${seed} ` +
        `NODE_ASGI_FUZZ_FACTOR=${FACTOR}\n${(stdout || message).slice(-20_000)}`)
      return false
    }
    rounds++
  } while (Date.now() < end)
  console.log(`${name.padEnd(8)} ${rounds} rounds, no finding`)
  return true
}

async function merge (name) {
  const seeds = here(`seeds/${name}`)
  mkdirSync(seeds, { recursive: true })
  await promisify(execFile)(`${BUILD}/test/fuzz/fuzz_${name}`,
    ['-merge=1', '-max_len=300', seeds, `${BUILD}/corpus/${name}`],
    { env: envOf(name), maxBuffer: 2 ** 28 })
}

async function main () {
  const wanted = targets.filter((name) => native.includes(name))
  const compiled = wanted.length > 0 && hasClang() ? wanted : []
  if (compiled.length < wanted.length) {
    console.log(`skipped: ${wanted.join(', ')}: clang is missing; install it with ` +
      '`apt-get install clang libclang-rt-14-dev` (the number is that of clang)')
  }
  if (compiled.length > 0) {
    execFileSync('bash', [here('../../scripts/build.sh'), 'fuzz'], { stdio: 'inherit' })
  }
  if (values.merge) {
    for (const name of compiled) await merge(name)
    return true
  }
  const waiting = [...compiled, ...targets.filter((name) => name in PROPERTIES)]
  const found = []
  await Promise.all(Array.from({ length: availableParallelism() }, async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const run = name in PROPERTIES ? checkProperties : fuzz
      if (!await run(name)) found.push(name)
    }
  }))
  return found.length === 0
}

if (!await main()) process.exitCode = 1
