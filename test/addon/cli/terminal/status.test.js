import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import {
  ServingStatus, StartStatus, servingText
} from '../../../../addon/lib/cli/terminal/status.js'

const COUNTS = {
  ready: 2,
  size: { wanted: 3, min: 3, max: 3 },
  inFlight: 4,
  queued: 0,
  requests: 100,
  failed: 0,
  lost: 0
}

describe('servingText', () => {
  it('says what the pool does, and what is wrong only if something is', () => {
    const before = { ...COUNTS, requests: 50 }
    assert.equal(servingText(COUNTS, before, 1000),
      '2/3 workers ready · 50 requests/s · 4 in flight')
    assert.equal(servingText({ ...COUNTS, size: { wanted: 3, min: 1, max: 8 } }, before, 1000),
      '2/3 workers ready (1 to 8) · 50 requests/s · 4 in flight')
    assert.equal(servingText({ ...COUNTS, queued: 5, failed: 1, lost: 2 }, before, 500),
      '2/3 workers ready · 100 requests/s · 4 in flight · 5 waiting · 3 failed')
  })
})

describe('StartStatus', () => {
  it('names the module that is being imported once the start takes two seconds', (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    let now = 0
    t.mock.method(performance, 'now', () => now)
    const shown = []
    const status = new StartStatus({ show: (text) => shown.push(text) }, 'main:app')
    assert.equal(status.takes('node-asgi: importing torch.nn'), true)
    assert.equal(status.takes('something else'), false)
    for (now of [100, 2100]) t.mock.timers.tick(100)
    status.end()
    t.mock.timers.tick(1000)
    assert.deepEqual(shown,
      ['⠙ starting main:app: 0 s', '⠙ starting main:app: 2 s, importing torch.nn', ''])
  })
})

describe('ServingStatus', () => {
  it('looks every second, until it ends', (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    let requests = 0
    const shown = []
    const status = new ServingStatus({ show: (text) => shown.push(text) },
      () => {
        requests += 7
        return { ...COUNTS, requests }
      })
    t.mock.timers.tick(1000)
    status.end()
    t.mock.timers.tick(5000)
    assert.deepEqual(shown.map((text) => /(\d+) requests/.exec(text)?.[1]), ['0', '7', undefined])
  })
})
