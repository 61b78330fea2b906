/**
 * Runs Starlette's or FastAPI's own tests with every request of their TestClient through a worker:
 *
 *     bash test/suites/run.sh starlette|fastapi [arguments of pytest]
 *
 * Exits with 1 if a test failed that explanations.js does not explain.
 */

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { PythonHandler } from '../../addon/lib/index.js'
import { listen } from './broker.js'
import { SUITES, explain } from './explanations.js'

const here = fileURLToPath(new URL('.', import.meta.url))
const [name, ...rest] = process.argv.slice(2)
if (rest.length === 0) rest.push('tests')
if (!SUITES.includes(name)) {
  console.error(`unknown suite: ${name} (known: ${SUITES.join(', ')})`)
  process.exit(2)
}

const python = join(here, '.venv/bin/python')
const docroot = join(here, 'sources', name)
// The warning: pytest is imported before it could rewrite the assertions of anyio's plugin.
const PYTEST = ['-q', '-p', 'no:cacheprovider', '--capture=sys', '-o', 'addopts=', '-W',
  'ignore::pytest.PytestAssertRewriteWarning']

/** Milliseconds for one test without the server. */
const TEST_LIMIT = 120_000

const outcomes = { passed: 0, failed: 0, skipped: 0, xfailed: 0, xpassed: 0 }
const failures = new Map()
let collected = { tests: 0, trio: 0 }
let through = 0 // tests that made a request
let current = ''
let seen = 0
let end = null

function progress () {
  if (!process.stderr.isTTY) return
  process.stderr.write(`\r\x1b[K${seen}/${collected.tests} ${current.slice(0, 80)}`)
}

const take = {
  collected (event) {
    collected = event
    console.log(`${name}: ${event.tests} tests (${event.trio} repetitions for trio left out)`)
  },
  error ({ test, text }) { failures.set(test, text) },
  start ({ test }) {
    current = test
    seen++
    progress()
    if (!process.stderr.isTTY && seen % 500 === 0) console.log(`${seen} of ${collected.tests}`)
  },
  outcome ({ test, outcome, requests, text }) {
    outcomes[outcome]++
    if (requests > 0) through++
    if (outcome === 'failed') failures.set(test, text)
  },
  end (event) { end = event }
}

/** Whether a test also fails without the server on this machine. */
function failsAnyway (test) {
  const { status } = spawnSync(python, ['-m', 'pytest', ...PYTEST, test],
    { cwd: docroot, timeout: TEST_LIMIT })
  return status === 1
}

function summarise () {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  let unexplained = 0
  for (const [test, text] of failures) {
    const why = explain(name, test) ??
      (failsAnyway(test) ? 'also fails without the server' : undefined)
    if (why === undefined) unexplained++
    console.log(`\nFAILED ${test}\n  ${why ?? `not explained:\n${text}`}`)
  }
  const counts = Object.entries(outcomes).filter(([, count]) => count > 0)
  console.log(`\n${name}: ${counts.map(([outcome, count]) => `${count} ${outcome}`).join(', ')}`)
  if (end === null) {
    console.log(`the run ended early, in ${current}`)
    return 1
  }
  if (end.error !== undefined) console.log(end.error)
  console.log(`${through} tests sent ${end.requests} requests and ${end.sockets} WebSockets ` +
    'through the worker')
  for (const [key, [wanted, got]] of Object.entries(end.differences ?? {})) {
    console.log(`scope[${JSON.stringify(key)}] differs; first: TestClient ${wanted}, worker ${got}`)
  }
  console.log(`failures: ${failures.size - unexplained} explained, ${unexplained} unexplained`)
  // pytest exits with 0 if all tests passed and 1 if some failed; other codes are errors of the
  // run.
  return unexplained === 0 && end.code <= 1 ? 0 : 1
}

const folder = mkdtempSync(join(tmpdir(), 'node-asgi-suites-'))
const socket = join(folder, 'socket')
const handler = new PythonHandler({
  docroot,
  appTarget: 'suite:app',
  python,
  workers: 1,
  lifespan: 'off',
  env: { SUITE_SOCKET: socket, PYTHONPATH: here },
  concurrency: 1000,
  timeouts: { disconnectGrace: 500 },
  logger: false
})
const output = []
for (const event of ['stdout', 'stderr']) {
  handler.on(event, (text) => { output.push(text) })
}
let server
try {
  server = await listen(handler, socket)
  const response = await handler.handleStream({
    method: 'POST',
    url: '/',
    body: JSON.stringify([...PYTEST, '-p', 'no:faulthandler', ...rest])
  })
  for await (const line of createInterface({ input: response.body })) {
    const event = JSON.parse(line)
    take[event.event](event)
  }
} catch (error) {
  console.error(error.message)
  console.error(output.slice(-50).join(''))
} finally {
  server?.close()
  await handler.close()
  rmSync(folder, { recursive: true })
}
process.exitCode = summarise()
