/**
 * Counts the system calls of Node and of a worker for a request, an event of a stream, and so on,
 * and compares them with the budgets in budget.json, which shows a regression without a clock:
 *
 *   node test/system-calls/system-calls.js            compare
 *   node test/system-calls/system-calls.js --record   record new budgets
 *   node test/system-calls/system-calls.js --calls    show which calls
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { table } from '../../bench/support/report/report.js'
import { advice, compare, draw, failed } from '../instructions/budget.js'
import { loads } from './loads.js'
import { countCalls, whyNot } from './strace.js'

const COMMAND = 'node test/system-calls/system-calls.js --record'
const BUDGET = new URL('budget.json', import.meta.url)
const SERVE = fileURLToPath(new URL('serve.js', import.meta.url))

/** Turns before the calls are counted. */
const WARM_UP = 64

const { values: options } = parseArgs({
  options: {
    record: { type: 'boolean', default: false },
    calls: { type: 'boolean', default: false }
  }
})

async function startServer () {
  const child = spawn(process.execPath, [SERVE], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [line] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
  return { child, ...JSON.parse(line) }
}

/** The calls of one turn of each load, by process and name. */
async function countAll ({ port, node, worker }) {
  const counts = []
  for (const [load, { start, count }] of Object.entries(loads)) {
    const { run, stop } = await start(port)
    await run(WARM_UP)
    const calls = await countCalls([node, worker], () => run(count))
    stop()
    for (const [side, pid] of Object.entries({ Node: node, worker })) {
      for (const [name, number] of calls.get(pid)) {
        counts.push({ load, side, name, number: number / count })
      }
    }
  }
  return counts
}

async function main () {
  const why = whyNot()
  if (why !== null) {
    console.log(`skipped: ${why}`)
    return !options.record
  }
  const server = await startServer()
  const counts = await countAll(server).finally(() => server.child.stdin.end())
  if (options.calls) {
    console.log(table(['load', 'process', 'call', 'per turn'], counts.map(
      ({ load, side, name, number }) => [load, side, name, number.toFixed(2)])) + '\n')
  }
  const sums = {}
  for (const { load, number } of counts) sums[load] = (sums[load] ?? 0) + number
  for (const load of Object.keys(sums)) sums[load] = Math.round(sums[load] * 100) / 100
  const budgets = options.record ? {} : JSON.parse(readFileSync(BUDGET, 'utf8'))
  // One by one, because each has a tolerance of its own.
  const rows = Object.entries(loads).flatMap(([load, { tolerance }]) =>
    compare({ [load]: sums[load] }, { [load]: budgets[load] }, tolerance))
  console.log(draw(rows, 'system calls'))
  if (options.record) {
    writeFileSync(BUDGET, JSON.stringify(sums, null, 2) + '\n')
    console.log('recorded new budgets')
    return true
  }
  for (const line of advice(rows, COMMAND, 'system calls')) console.log(line)
  return !failed(rows)
}

if (!await main()) process.exitCode = 1
