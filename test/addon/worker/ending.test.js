import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { Ending } from '../../../addon/lib/worker/ending.js'

const HUNG = new Error('hung')

describe('Ending', () => {
  it('keeps the first reason for which the worker was told to end', () => {
    const ending = new Ending()
    assert.equal(ending.reason, null)
    ending.tell('recycle')
    ending.tell('close')
    assert.equal(ending.reason, 'recycle')
    ending.fail(HUNG, 'hang')
    assert.equal(ending.reason, 'hang')
  })

  it('takes the presumed reason only if that signal ended it', () => {
    for (const [signal, error] of [[62, HUNG], [9, null]]) {
      const ending = new Ending()
      ending.presume(62, HUNG, 'hang')
      ending.exited(null, signal)
      assert.equal(ending.error, error)
      assert.deepEqual(ending.exit, { code: null, signal })
    }
    const ending = new Ending()
    ending.presume(62, HUNG, 'hang')
    ending.acquit()
    ending.exited(null, 62)
    assert.equal(ending.error, null)
  })

  it('is as told if the worker was told to end, even if it had to be killed', () => {
    for (const [facts, wasReady, expected] of [
      [{ exit: { code: 0, signal: 0 } }, true, false],
      [{ exit: { code: 0, signal: 0 }, stopped: true }, true, false],
      [{ exit: { code: 0, signal: 0 }, stopped: true, told: true }, true, true],
      [{ exit: { code: 0, signal: 0 }, told: true }, true, false],
      [{ exit: { code: 0, signal: 0 }, told: true }, false, true],
      [{ exit: { code: null, signal: 9 }, told: true, killed: true }, true, true],
      [{ exit: { code: null, signal: 9 }, told: true }, true, false],
      [{ exit: { code: null, signal: 0 }, told: true }, true, true],
      [{ told: true, stopped: true, error: HUNG }, true, false],
      [{}, true, true]
    ]) {
      assert.equal(Object.assign(new Ending(), facts).asTold(wasReady), expected,
        JSON.stringify(facts))
    }
  })

  it('says what the worker is still doing', () => {
    const ending = new Ending()
    assert.match(ending.activity(2), /^2 requests/)
    assert.match(ending.activity(1), /^1 request\b/)
    assert.match(ending.activity(0), /lifespan shutdown/)
    ending.stopped = true
    assert.match(ending.activity(0), /has not exited/)
  })
})
