// Runs every benchmark, one after the other, each in a process of its own, and gathers their pages in
// bench/results/report-DATE.md, with one table of all targets.
//
//   npm run bench                          (some 42 minutes)
//   npm run bench -- --quick               (some 9, for a look)
//   npm run bench -- --only hello,echo
//
// A benchmark that fails does not keep the others from running; the report and the exit code say so.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { combineReports } from './support/report/combined-report.js'
import { RESULTS } from './support/report/report.js'

/** The benchmarks in the order of their run; `quick`: what makes one short. */
const BENCHMARKS = [
  { name: 'hello', quick: ['--quick'] },
  { name: 'path', quick: ['--quick'] },
  { name: 'concurrency', quick: ['--quick'] },
  { name: 'echo', quick: ['--quick'] },
  { name: 'startup', quick: ['--quick'] },
  { name: 'idle', quick: ['--quick'] },
  { name: 'scale', quick: ['--quick'] },
  { name: 'isolation', quick: ['--quick'] },
  { name: 'memory', quick: ['--mib', '256'] },
  { name: 'recovery', quick: ['--rounds', '1'] },
  { name: 'endurance', quick: ['--quick'] }
]

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: BENCHMARKS.map(({ name }) => name).join() }
  }
})
const wanted = values.only.split(',')
const unknown = wanted.filter(name => !BENCHMARKS.some(one => one.name === name))
if (unknown.length > 0) throw new Error(`there is no benchmark ${unknown.join(', ')}`)

/** The one that runs: it ends its servers when it is told to, so it is waited for. */
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
for (const { name, quick } of BENCHMARKS.filter(one => wanted.includes(one.name))) {
  console.log(`\n==> ${parts.length + 1}/${wanted.length}: ${name}\n`)
  const before = new Set(results())
  child = spawn(process.execPath,
    [fileURLToPath(new URL(`${name}.js`, import.meta.url)), ...values.quick ? quick : []],
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
