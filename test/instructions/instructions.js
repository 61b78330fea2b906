/**
 * Counts the instructions of the hot loops and compares them with the budgets in budget.json, which
 * shows a regression without a clock:
 *
 *   node test/instructions/instructions.js            compare
 *   node test/instructions/instructions.js --record   record new budgets
 *
 * Each loop runs with two counts, and only the difference counts: it contains neither the start-up
 * nor the first exchange, which fills caches.
 */

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { VENV_PYTHON } from '../support/harness.js'
import { advice, compare, differences, draw, failed } from './budget.js'
import { callgrind, costOf, hasValgrind, parseProfile, totalOf } from './callgrind.js'

const COMMAND = 'node test/instructions/instructions.js --record'
const BUDGET = new URL('budget.json', import.meta.url)
const BUILD = fileURLToPath(new URL('../../scripts/build.sh', import.meta.url))
const HOT_LOOPS = fileURLToPath(new URL('../../build/release/test/hot_loops', import.meta.url))
const SERVE = fileURLToPath(new URL('serve.js', import.meta.url))

const LIBRARIES = { addon: 'node_asgi.node', worker: '_worker.abi3.so' }

const WARM_UP = 20
const FEWER = 20
const MORE = 120
/** The loops without Node and Python are cheaper, so they run more often by this factor. */
const FACTOR = 10

/** The instructions of one turn of a loop, from the costs of both counts. */
const ofOneTurn = (fewer, more, factor = 1) => Math.round((more - fewer) / (MORE - FEWER) / factor)

/** The loops of hot_loops.cc. */
async function countCommon (loops) {
  const counts = {}
  for (const loop of loops) {
    const [fewer, more] = await Promise.all([FEWER, MORE].map(async (count) => {
      const { profiles: [[, profile]] } = await callgrind([HOT_LOOPS, loop, String(count * FACTOR)])
      return totalOf(parseProfile(profile))
    }))
    counts[`common ${loop}`] = ofOneTurn(fewer, more, FACTOR)
  }
  return counts
}

/** The loops of serve.js, in the addon and in the worker. */
async function countServing () {
  const { stdout, profiles } = await callgrind(
    [process.execPath, SERVE, ...[WARM_UP, FEWER, MORE].map(String)],
    ['--trace-children=yes', '--smc-check=all-non-file', '--dump-before=umask'])
  const { loops, ...processes } = JSON.parse(stdout)
  const counts = {}
  for (const [side, pid] of Object.entries(processes)) {
    const cost = (part) => {
      const profile = profiles.get(`${pid}.${part}`)
      if (profile === undefined) {
        throw new Error(`callgrind wrote no part ${part} of the profile of the ${side}`)
      }
      return costOf(parseProfile(profile), LIBRARIES[side])
    }
    loops.forEach((loop, index) => {
      const part = 2 + 2 * index // part 1 has the start and the warm-up
      counts[`${side} ${loop}`] = ofOneTurn(cost(part), cost(part + 1))
    })
  }
  return counts
}

/** What the counts depend on, apart from the sources of the project. */
function facts (compiler) {
  const python = execFileSync(VENV_PYTHON,
    ['-c', 'import sys; print(*sys.version_info[:2], sep=".")'])
  const { glibcVersionRuntime } = process.report.getReport().header
  return {
    architecture: process.arch,
    compiler,
    glibc: glibcVersionRuntime ?? 'none',
    node: process.versions.node.split('.')[0],
    python: python.toString().trim()
  }
}

async function main () {
  const { values: { record } } =
    parseArgs({ options: { record: { type: 'boolean', default: false } } })
  if (!await hasValgrind()) {
    console.log('skipped: valgrind is missing; install it with `apt-get install valgrind`')
    return !record
  }
  // Builds first, so that the counts are those of the current sources.
  execFileSync('bash', [BUILD, 'release'], { stdio: 'inherit' })
  const { compiler, loops } =
    JSON.parse(execFileSync(HOT_LOOPS, ['--describe'], { encoding: 'utf8' }))
  const here = facts(compiler)
  const recorded = JSON.parse(readFileSync(BUDGET, 'utf8'))
  const unlike = record ? [] : differences(recorded.facts, here)
  const counts = await countCommon(loops)
  try {
    Object.assign(counts, await countServing())
  } catch (error) {
    // Some versions of valgrind cannot run some versions of Node.
    if (unlike.length === 0) throw error
    console.log(`could not count the loops in Node and Python: ${error.message}`)
  }
  const rows = compare(counts, recorded.instructions)
  console.log(draw(rows))
  if (record) {
    writeFileSync(BUDGET, JSON.stringify({ facts: here, instructions: counts }, null, 2) + '\n')
    console.log('recorded new budgets')
    return true
  }
  if (unlike.length > 0) {
    console.log(`not compared with the budgets, because this machine has ${unlike.join(', ')}`)
    return true
  }
  for (const line of advice(rows, COMMAND)) console.log(line)
  return !failed(rows)
}

if (!await main()) process.exitCode = 1
