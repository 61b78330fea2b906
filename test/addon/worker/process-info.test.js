import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseInfo } from '../../../addon/lib/worker/process-info.js'

const sample = { pid: 0, loop: '', threads: [''] }

test('what is said as expected is taken, with what else there is', () => {
  assert.deepEqual(parseInfo('{"pid":1,"loop":"uvloop","threads":[],"more":true}', sample),
    { pid: 1, loop: 'uvloop', threads: [], more: true })
})

test('anything else is null, never an exception', () => {
  for (const json of ['', '{', 'null', '7', '[]', '{"pid":"1","loop":"","threads":[]}',
    '{"pid":1,"loop":"","threads":{}}', '{"pid":1,"loop":""}']) {
    assert.equal(parseInfo(json, sample), null, json)
  }
})
