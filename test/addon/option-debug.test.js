import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { isDebugAddress } from '../../addon/lib/option-debug.js'
import { parseOptions } from '../../addon/lib/options.js'

describe('the option debug', () => {
  it('says where debugpy listens', () => {
    for (const [given, debug] of [
      [undefined, null],
      [false, null],
      [true, { listen: null }],
      [5678, { listen: { host: '127.0.0.1', port: 5678 } }],
      ['5678', { listen: { host: '127.0.0.1', port: 5678 } }],
      ['0.0.0.0:1024', { listen: { host: '0.0.0.0', port: 1024 } }],
      ['localhost:65535', { listen: { host: 'localhost', port: 65535 } }],
      ['[::1]:5678', { listen: { host: '::1', port: 5678 } }]
    ]) assert.deepEqual(parseOptions({ debug: given }).debug, debug)
  })

  it('refuses what is no address, and names itself', () => {
    const wrong = [0, 1, 1023, 65536, -1, 1.5, '', 'pdb', 'main:app', ':5678', 'a b:5678', {}, null]
    for (const debug of wrong) {
      assert.throws(() => parseOptions({ debug }),
        { code: 'ERR_INVALID_OPTION', option: 'debug', message: /\bdebug\b.*5678|65535/ })
    }
  })

  it('leaves one worker and no time limits, whatever the other options say', () => {
    const { workers, preload, retry, timeouts, recycle, isolation } = parseOptions({
      debug: true,
      workers: 4,
      preload: true,
      timeouts: { hang: 1, request: 1, startup: 1, disconnectGrace: 1, drain: 60_000, kill: 5 },
      recycle: { requests: 1, memory: 1, age: 1 }
    })
    assert.deepEqual([workers.min, workers.max], [1, 1])
    assert.equal(preload, false)
    assert.equal(retry, 0)
    assert.equal(isolation.debug, true)
    assert.equal(timeouts.hang, 0)
    assert.equal(timeouts.request, 0)
    assert.equal(timeouts.disconnectGrace, Infinity)
    assert(timeouts.startup > 24 * 60 * 60 * 1000)
    assert.deepEqual([timeouts.drain, timeouts.retire], [2000, 2000])
    assert.equal(timeouts.kill, 5)
    assert.deepEqual([recycle.requests, recycle.memory, recycle.age],
      [Infinity, Infinity, Infinity])
  })

  it('does not take a target for an address', () => {
    assert.equal(isDebugAddress('main:app'), false)
    assert.equal(isDebugAddress('pkg.main1:app2'), false)
    assert.equal(isDebugAddress('host:5678'), true)
  })
})
