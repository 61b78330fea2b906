// Walks every row of the table of states with a real Worker, and compares the table with its
// picture.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'

import { parseOptions } from '../../../addon/lib/options.js'
import { retirementPlan } from '../../../addon/lib/supervisor/drain-plan.js'
import { TRANSITIONS } from '../../../addon/lib/worker/states.js'
import { Worker } from '../../../addon/lib/worker/worker.js'
import { createFake } from '../../support/fake-binding.js'
import { recordingOwner } from '../../support/recording-owner.js'
import { stopClock } from '../../support/time.js'

const FINISH = 1000
const settings = parseOptions()

/** What causes each transition. Everything happens before the call returns. */
const CAUSES = {
  'become ready': ({ process, channel }) => { process.ready(); channel.deliver() },
  suspect: ({ worker }) => worker.suspect(),
  answer ({ worker, channel, fake }) {
    worker.probe()
    channel.emit(fake.binding.eventTypes.PONG)
    channel.deliver()
  },
  stop: ({ worker, plan }) => worker.stop('recycle', plan()),
  fail: ({ worker }) => worker.fail(new Error('failed'), 'hung'),
  kill ({ clock }) {
    clock.pass(retirementPlan(settings.timeouts, FINISH).total)
  },
  exit: ({ worker, process }) => worker.exited(1, 0, process.pid),
  release: ({ worker }) => worker.release()
}

/** The transitions that lead to each state. */
const PATHS = {
  starting: [],
  ready: ['become ready'],
  silent: ['become ready', 'suspect'],
  draining: ['become ready', 'stop'],
  dying: ['become ready', 'fail'],
  exited: ['become ready', 'exit'],
  gone: ['become ready', 'release']
}

/** A worker in a state. Timers and immediates wait for the test. */
function workerIn (t, state) {
  const clock = stopClock(t)
  const fake = createFake({ startWorker: () => {}, startServer: () => {}, stopWorker: () => {} })
  const { owner, heard } = recordingOwner()
  const worker = new Worker(1, fake.binding, settings, owner)
  const control = new fake.binding.Control(() => {})
  fake.system.spawn('python', [], {})
  worker.forking(control.fork(1, worker.channel))
  let finish = FINISH
  const context = {
    worker,
    fake,
    heard,
    channel: worker.channel,
    process: fake.workers[0],
    clock,
    // A second stop only counts when it is sooner.
    plan: () => retirementPlan(settings.timeouts, finish--)
  }
  for (const transition of PATHS[state]) CAUSES[transition](context)
  assert.equal(worker.state, state)
  return context
}

describe('the states of a worker', () => {
  for (const [state, row] of Object.entries(TRANSITIONS)) {
    for (const [transition, next] of Object.entries(row)) {
      it(`${state}, ${transition}: ${next}`, (t) => {
        const context = workerIn(t, state)
        CAUSES[transition](context)
        assert.equal(context.worker.state, next)
      })
    }

    // Only a draining worker has the deadline that leads to a kill.
    const others = Object.keys(CAUSES).filter((name) => !(name in row) && name !== 'kill')
    it(`${state} does not change by ${others.join(', ') || 'anything else'}`, (t) => {
      for (const transition of others) {
        const context = workerIn(t, state)
        CAUSES[transition](context)
        assert.equal(context.worker.state, state, transition)
        t.mock.reset()
      }
    })
  }

  it('the owner hears when a worker stops taking requests, and when it does again', (t) => {
    for (const [transition, next] of Object.entries(TRANSITIONS.ready)) {
      const context = workerIn(t, 'ready')
      context.heard.length = 0
      CAUSES[transition](context)
      const names = context.heard.map(([name]) => name)
      assert.equal(names.filter((name) => name === 'onUnavailable').length, 1, next)
      t.mock.reset()
    }
    const context = workerIn(t, 'silent')
    CAUSES.answer(context)
    assert.equal(context.heard.at(-1)[0], 'onAvailable')
  })

  it('every wait has an end: a dying worker that is not reported is unkillable', (t) => {
    const context = workerIn(t, 'draining')
    CAUSES.kill(context)
    assert.deepEqual(context.heard.at(-1), ['onSignal', context.worker, 9])
    context.clock.pass(settings.timeouts.kill)
    assert.deepEqual(context.heard.at(-1), ['onUnkillable', context.worker])
  })

  it('a worker that says again and again that it has stopped was never killed', (t) => {
    const context = workerIn(t, 'draining')
    const { worker, channel, fake, clock } = context
    for (let waited = 0; waited < 2 * settings.timeouts.kill; waited += 100) {
      channel.emit(fake.binding.eventTypes.STOPPED)
      channel.deliver()
      CAUSES.stop(context)
      clock.pass(100)
    }
    assert.equal(worker.state, 'dying')
  })

  it('are drawn in docs/architecture.md as they are', () => {
    const page = readFileSync(new URL('../../../docs/architecture.md', import.meta.url), 'utf8')
    const drawn = [...page.matchAll(/^ *(\w+) --> (\w+): (.+)$/gm)]
      .flatMap(([, from, to, names]) => names.split(', ').map((name) => `${from} ${name} ${to}`))
    const rows = Object.entries(TRANSITIONS).flatMap(([from, row]) =>
      // From every state, so it is not drawn.
      Object.entries(row).filter(([name]) => name !== 'release' || from === 'exited')
        .map(([name, to]) => `${from} ${name} ${to}`))
    assert.deepEqual(drawn.sort(), rows.sort())
    const explained = [...page.matchAll(/^\| `([a-z ]+)` \|/gm)].map(([, name]) => name)
    assert.deepEqual(explained.sort(), Object.keys(CAUSES).sort())
  })
})
