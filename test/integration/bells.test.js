/** Workers that misuse the descriptors that they share with Node, which must not stand still. */

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

import { eventually, withPython } from '../support/harness.js'

const app = { appTarget: 'bells_app:app', lifespan: 'off', retry: 0 }

/**
 * Milliseconds for which Node's event loop may stand still on a machine that is busy: half of the
 * time for which a worker does not read its bell.
 */
const LONGEST_STOP = 2000

/**
 * Sends requests of all sizes while an attack goes on, and measures how long the event loop stands
 * still. Spinning hides most bells, so it is off.
 */
async function load (python, milliseconds) {
  const end = performance.now() + milliseconds
  let longest = 0
  let before = performance.now()
  const watch = setInterval(() => {
    const now = performance.now()
    longest = Math.max(longest, now - before)
    before = now
  }, 5)
  let answers = 0
  await Promise.all(Array.from({ length: 8 }, async (_, i) => {
    while (performance.now() < end) {
      const size = [2, 3000, 400_000][(i + answers) % 3]
      const { body } = await python.handleRequest({ url: `/?${size}` })
      assert.equal(body.length, size)
      answers++
      if (i % 2 === 0) await sleep(1) // lets both sides fall asleep now and then
    }
  }))
  clearInterval(watch)
  return { answers, longest }
}

for (const path of ['/blocking', '/flood']) {
  withPython(`an app that makes all its descriptors block stopped Node (${path})`,
    { ...app, spin: 0 }, async (python) => {
      await python.handleRequest({ url: path })
      const { answers, longest } = await load(python, 2000)
      assert(answers > 20, String(answers))
      assert(longest < LONGEST_STOP, `the event loop stood still for ${longest} ms`)
      assert.equal(python.stats().workers.length, 1)
    })
}

withPython('a worker that reads no bell, however often it is rung, stopped Node',
  { ...app, concurrency: 5000, spin: 0 }, async (python) => {
    const deaf = python.handleRequest({ url: '/deaf' })
    await sleep(200)
    let longest = 0
    const answers = [deaf]
    for (let i = 0; i < 500; i++) {
      const start = performance.now()
      answers.push(python.handleRequest({ url: '/' }))
      longest = Math.max(longest, performance.now() - start)
      await sleep(0)
    }
    assert(longest < LONGEST_STOP, `a request stopped Node for ${longest} ms`)
    for (const { status } of await Promise.all(answers)) assert.equal(status, 200)
  })

for (const path of ['/close', '/hang-up']) {
  withPython(`a worker that closes its bell is replaced (${path})`,
    { ...app, timeouts: { kill: 500 } }, async (python) => {
      const [{ pid }] = python.stats().workers
      const exits = []
      python.on('worker:exit', (event) => exits.push(event))
      await python.handleRequest({ url: path }).catch(() => {})
      await eventually(() => assert.equal(exits.length, 1))
      assert.match(exits[0].error.message, /closed the descriptors/)
      await eventually(async () => {
        assert.equal((await python.handleRequest({ url: '/' })).status, 200)
      })
      assert.notEqual(python.stats().workers[0].pid, pid)
    })
}
