// Runs Spin on endpoint.pml: the model has no fault, and each rule that is removed gives one.
//
//   node --test test/model/model.test.js                        a minute, as in npm test
//   NODE_ASGI_MODEL=full node --test test/model/model.test.js   more records, half an hour
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const MODEL = fileURLToPath(new URL('endpoint.pml', import.meta.url))
const full = process.env.NODE_ASGI_MODEL === 'full'
/** Milliseconds for one search. */
const LIMIT = full ? 3_600_000 : 300_000
/** Steps of the longest path. pan says so when it is not enough. */
const DEPTH = 1_000_000

const bugs = [...new Set((await readFile(MODEL, 'utf8')).match(/(?<=#ifn?def )BUG_\w+/g))]
const installed = await run('spin', ['-V']).then(() => true, () => false)
const skip = installed ? false : 'spin is not installed (apt-get install spin)'

/** @type {string} */
let folder
before(async () => { folder = await mkdtemp(join(tmpdir(), 'node-asgi-model-')) })
after(() => rm(folder, { recursive: true }))

/**
 * Tries every order of steps.
 *
 * @param {string[]} macros defined for the model
 * @returns {Promise<{ errors: number, states: number, output: string }>} `errors` is 0 or 1: the
 *   search ends with the first
 */
async function search (macros) {
  const cwd = await mkdtemp(join(folder, 'search-'))
  await run('spin', ['-a', ...macros.map(macro => `-D${macro}`), MODEL], { cwd })
  // With a fault the search is short, so that compiling takes longer.
  const level = macros.some(macro => bugs.includes(macro)) ? '-O0' : '-O1'
  await run('gcc', [level, '-w', '-DSAFETY', '-DCOLLAPSE', '-DMEMLIM=6000', '-o', 'pan', 'pan.c'],
    { cwd })
  const { stdout: output } = await run('./pan', [`-m${DEPTH}`, '-w24'], { cwd, timeout: LIMIT })
  assert.doesNotMatch(output, /out of memory|memory limit|max search depth too small/)
  const number = pattern => Number(pattern.exec(output)?.[1])
  return { errors: number(/errors: (\d+)/), states: number(/(\d+) states, stored/), output }
}

const sound = full
  ? [['RECORDS=3', 'HELD'], ['RECORDS=4'], ['RECORDS=3', 'DEATH'], ['RECORDS=2', 'DEATH', 'HELD']]
  : [['RECORDS=3'], ['RECORDS=2', 'HELD'], ['RECORDS=2', 'DEATH', 'HELD']]

// A full search takes much memory.
describe('the model', { concurrency: full ? 1 : availableParallelism() }, () => {
  for (const macros of sound) {
    it(`no order of steps loses a wake-up or tears a record (${macros.join(', ')})`, { skip },
      async t => {
        const { errors, states, output } = await search(macros)
        assert.equal(errors, 0, output)
        assert.ok(states > 10_000, `only ${states} states`)
        t.diagnostic(`${states} states`)
      })
  }

  it('the model has the rules that it removes', () => assert.ok(bugs.length >= 17))

  for (const bug of bugs) {
    it(`Spin finds the fault of ${bug}`, { skip }, async () => {
      const { errors, output } = await search(['RECORDS=3', 'HELD', bug])
      assert.equal(errors, 1, output)
    })
  }
})
