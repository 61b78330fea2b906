// Runs every benchmark, each in its own process, and combines their pages and a table of all
// targets in bench/results/report-DATE.md.
//
//   npm run bench                          (about three hours)
//   npm run bench -- --quick               (about 12 minutes, for a first look)
//   npm run bench -- --only hello,echo
//
// When a benchmark fails, the others still run; the report and the exit code show the failure.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { combineReports } from './support/report/combined-report.js'
import { RESULTS } from './support/report/report.js'

/** The benchmarks in the order in which they run. */
const BENCHMARKS = [
  'hello',
  'spin',
  'path',
  'fastapi',
  'concurrency',
  'echo',
  'tokens',
  'bodies',
  'startup',
  'tail',
  'idle',
  'scale',
  'isolation',
  'memory',
  'elastic',
  'recovery',
  'processes',
  'remote',
  'capacity',
  'endurance'
]

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: BENCHMARKS.join() }
  }
})
const wanted = values.only.split(',')
const unknown = wanted.filter(name => !BENCHMARKS.includes(name))
if (unknown.length > 0) {
  throw new Error(`unknown benchmark: ${unknown.join(', ')} (known: ${BENCHMARKS.join(', ')})`)
}

/**
 * The running benchmark. It stops its servers when it gets a signal, so this process waits for it.
 */
let child = null
let stopped = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    stopped = true
    child?.kill(signal)
  })
}

const results = () => readdirSync(RESULTS).filter(name => /\.json$/.test(name))

mkdirSync(RESULTS, { recursive: true })
const started = new Date()
const parts = []
for (const name of BENCHMARKS.filter(name => wanted.includes(name))) {
  console.log(`\n==> ${parts.length + 1}/${wanted.length}: ${name}\n`)
  const before = new Set(results())
  child = spawn(process.execPath,
    [fileURLToPath(new URL(`${name}.js`, import.meta.url)), ...values.quick ? ['--quick'] : []],
    { stdio: 'inherit' })
  const [code] = await once(child, 'exit')
  if (stopped) break
  const files = results().filter(file => !before.has(file)).map(file => join(RESULTS, file))
  parts.push({
    name,
    failed: code !== 0,
    pages: files.map(file => readFileSync(file.replace(/json$/, 'md'), 'utf8')),
    targets: files.flatMap(file => JSON.parse(readFileSync(file, 'utf8')).targets ?? [])
  })
}

const report = join(RESULTS, `report-${started.toISOString().replaceAll(/[:.]/g, '-')}.md`)
const { summary, text } = combineReports(parts, { quick: values.quick, stopped })
writeFileSync(report, text)
console.log(`\n==> ${basename(report)}\n\n${summary}\n\n${report}`)
process.exitCode = stopped || parts.some(({ failed }) => failed) ? 1 : 0
