import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import { APPS, VENV_PYTHON, leakTest } from '../support/harness.js'

const options = { docroot: APPS, python: process.env.NODE_ASGI_TEST_PYTHON ?? VENV_PYTHON }

/** Milliseconds after which a program that runs many threads is killed, on a busy machine. */
const PROGRAM_LIMIT = 120_000

/** Milliseconds. A test that runs such a program says what the program has printed until then. */
const LIMIT = PROGRAM_LIMIT + 30_000

/**
 * Runs a program whose main thread does not load the addon.
 * @param {string[]} args the program's file and its arguments
 * @param {import('node:child_process').SpawnOptions} [more]
 * @returns {Promise<string>} what it has printed
 */
async function run (args, more) {
  const child = spawn(process.execPath, args,
    { ...more, stdio: ['ignore', 'pipe', 'pipe'], timeout: PROGRAM_LIMIT, killSignal: 'SIGKILL' })
  const printed = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr']) {
    child[stream].setEncoding('utf8').on('data', (text) => { printed[stream] += text })
  }
  const [code, signal] = await once(child, 'close')
  assert.deepEqual({ code, signal }, { code: 0, signal: null }, printed.stdout + printed.stderr)
  return printed.stdout
}

/**
 * @param {string} name of a program in test/support/programs
 * @param {string[]} args
 * @param {string[]} lines that it has to print
 */
async function expectLines (name, args, lines) {
  const program = fileURLToPath(new URL(`../support/programs/${name}`, import.meta.url))
  assert.deepEqual((await run([program, ...args])).trim().split('\n'), lines)
}

/**
 * @param {number} count of threads, one after the other
 * @param {string} program
 * @param {unknown[]} [data] of the threads, in turn
 */
function runThreads (count, program, data = [null]) {
  return expectLines('threads.js', [String(count), program, JSON.stringify(data)], [String(count)])
}

for (const how of ['end', 'exit', 'throw', 'terminate']) {
  leakTest(`threads that ${how} without close() do not take the process along`, async () => {
    const turns = ['starting', 'ready', 'idle', 'busy'].map((when) => ({ options, when, how }))
    await runThreads(20, 'ending-thread.js', turns)
  }, LIMIT)
}

leakTest('a callback of the addon while a thread ends does not abort the process', async () => {
  await runThreads(20, 'ending-control.js')
}, LIMIT)

leakTest('idle threads of piscina and their Python processes end', async () => {
  await expectLines('piscina-pool.js', [JSON.stringify(options)],
    [...Array(3).fill('200 200: 2 threads ended and left no process'), 'destroyed'])
}, LIMIT)

leakTest('vitest ends threads whose tests have not closed their handlers', async () => {
  const vitest = fileURLToPath(new URL('../../node_modules/.bin/vitest', import.meta.url))
  const report = JSON.parse(await run([vitest, 'run', '--pool=threads', '--reporter=json'], {
    cwd: fileURLToPath(new URL('../support/vitest', import.meta.url)),
    env: { ...process.env, HANDLER_OPTIONS: JSON.stringify(options) }
  }))
  const { numTotalTests, numPassedTests } = report
  assert.deepEqual({ numTotalTests, numPassedTests }, { numTotalTests: 6, numPassedTests: 6 })
}, LIMIT)
