import assert from 'node:assert/strict'
import { test } from 'node:test'

import { selectRange } from '../../../addon/lib/stream/file-response.js'

const SIZE = 100

function select (range, { method = 'GET', status = 200, headers = [], ifRange } = {}) {
  const request = { method, headers: { range, 'if-range': ifRange } }
  const list = [...headers]
  const part = selectRange(request, status, list, SIZE)
  const pairs = list.flatMap((name, i) => i % 2 === 0 ? [[name, list[i + 1]]] : [])
  return { ...part, headers: Object.fromEntries(pairs) }
}

const WHOLE = { status: 200, start: 0, end: 99 }

for (const [range, expected] of [
  ['bytes=0-0', { status: 206, start: 0, end: 0 }],
  ['bytes=10-', { status: 206, start: 10, end: 99 }],
  ['bytes=-10', { status: 206, start: 90, end: 99 }],
  ['bytes=-1000', { status: 206, start: 0, end: 99 }],
  ['bytes=10-1000', { status: 206, start: 10, end: 99 }],
  ['bytes=100-', { status: 416, start: 0, end: -1 }],
  ['bytes=0-1,3-4', WHOLE],
  ['lines=0-1', WHOLE],
  ['nonsense', WHOLE],
  [undefined, WHOLE]
]) {
  test(`range: ${range}`, () => {
    const { headers, ...part } = select(range)
    assert.deepEqual(part, expected)
    assert.equal(headers['content-length'], String(part.end - part.start + 1))
    const told = { 206: `bytes ${part.start}-${part.end}/100`, 416: 'bytes */100' }[part.status]
    assert.equal(headers['content-range'], told)
  })
}

test('a range applies only to a GET whose response is the plain file', () => {
  for (const options of [{ method: 'HEAD' }, { method: 'POST' }, { status: 404 },
    { headers: ['content-encoding', 'gzip'] }, { headers: ['content-range', 'bytes 0-99/200'] }]) {
    const { start, end, status } = select('bytes=1-2', options)
    assert.deepEqual({ start, end, status }, { ...WHOLE, status: options.status ?? 200 })
  }
})

test('If-Range: needs a strong tag or the exact date', () => {
  const headers = ['etag', '"a"', 'last-modified', 'Mon, 01 Jan 2024 00:00:00 GMT']
  for (const [ifRange, status] of [['"a"', 206], ['"b"', 200], ['W/"a"', 200],
    ['Mon, 01 Jan 2024 00:00:00 GMT', 206], ['Tue, 02 Jan 2024 00:00:00 GMT', 200]]) {
    assert.equal(select('bytes=1-2', { headers, ifRange }).status, status, ifRange)
  }
})

test('a content-length that differs from the size of the file is an error', () => {
  assert.throws(() => select(undefined, { headers: ['content-length', '99'] }),
    { code: 'ERR_INVALID_RESPONSE', message: /\b99\b.*\b100\b/ })
})
