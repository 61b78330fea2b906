import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import {
  checkCores, checkDescriptors, checkMemory
} from '../../../../addon/lib/cli/check/limits.js'

const GIB = 2 ** 30

describe('checkDescriptors', () => {
  it('compares the limit with what connections and workers take', () => {
    assert.equal(checkDescriptors({ limit: 1e6, connections: 10_000, workers: 8 }).status, 'ok')
    assert.equal(checkDescriptors({ limit: Infinity, connections: Infinity, workers: 8 }).status,
      'ok')
    const { status, detail, remedy } =
      checkDescriptors({ limit: 1024, connections: 10_000, workers: 4 })
    assert.equal(status, 'warning')
    assert.match(detail, /1024.*10000 connections.*4 workers/)
    const [, possible] = /LimitNOFILE=.*--max-connections (\d+)/.exec(remedy)
    const connections = Number(possible)
    assert.equal(checkDescriptors({ limit: 1024, connections, workers: 4 }).status, 'ok')
    assert.doesNotMatch(checkDescriptors({ limit: 99, connections: Infinity, workers: 9 }).detail,
      /Infinity/)
  })
})

describe('checkCores', () => {
  it('warns of more workers than cores', () => {
    assert.equal(checkCores({ cores: 2, workers: 2 }).status, 'ok')
    const { status, remedy } = checkCores({ cores: 1, workers: 2 })
    assert.equal(status, 'warning')
    assert.match(remedy, /--workers 1/)
  })
})

describe('checkMemory', () => {
  const fits = { limit: 4 * GIB, source: 'machine', worker: GIB / 4, workers: 4, isShared: false }

  it('compares what has just been started with the limit', () => {
    assert.equal(checkMemory(fits).status, 'ok')
    assert.equal(checkMemory({ ...fits, workers: 13 }).status, 'warning')
    const { status, detail, remedy } =
      checkMemory({ ...fits, workers: 40, source: 'control group' })
    assert.equal(status, 'error')
    assert.match(detail, /40 workers of 256 MiB.*control group allows 4096 MiB/)
    const [, possible] = /--workers (\d+), or --preload/.exec(remedy)
    assert.equal(checkMemory({ ...fits, workers: Number(possible) }).status, 'ok')
  })

  it('knows that preloaded memory may be shared', () => {
    const { status, detail, remedy } = checkMemory({ ...fits, workers: 40, isShared: true })
    assert.equal(status, 'warning')
    assert.match(detail, /at most/)
    assert.doesNotMatch(remedy, /--preload/)
  })
})
