import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  existsSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import {
  PassedFile, bodyLength, recycle, selectRange
} from '../../../addon/lib/stream/file-response.js'

const SIZE = 100

function select (range, { method = 'GET', status = 200, headers = [], ifRange } = {}) {
  const request = { method, headers: { range, 'if-range': ifRange } }
  const list = [...headers]
  const part = selectRange(request, status, list, SIZE)
  const pairs = list.flatMap((name, i) => i % 2 === 0 ? [[name, list[i + 1]]] : [])
  return { ...part, headers: Object.fromEntries(pairs) }
}

const WHOLE = { status: 200, start: 0, length: 100 }

for (const [range, expected] of [
  ['bytes=0-0', { status: 206, start: 0, length: 1 }],
  [['bytes=0-0'], { status: 206, start: 0, length: 1 }], // set by middleware
  ['bytes=10-', { status: 206, start: 10, length: 90 }],
  ['bytes=-10', { status: 206, start: 90, length: 10 }],
  ['bytes=-1000', { status: 206, start: 0, length: 100 }],
  ['bytes=10-1000', { status: 206, start: 10, length: 90 }],
  ['bytes=100-', { status: 416, start: 0, length: 0 }],
  ['bytes=0-1,3-4', WHOLE],
  ['lines=0-1', WHOLE],
  ['nonsense', WHOLE],
  ['bytes=-10\u00a0', WHOLE], // not white space of HTTP
  [undefined, WHOLE]
]) {
  test(`range: ${range}`, () => {
    const { headers, ...part } = select(range)
    assert.deepEqual(part, expected)
    assert.equal(headers['content-length'], String(part.length))
    const last = part.start + part.length - 1
    const told = { 206: `bytes ${part.start}-${last}/100`, 416: 'bytes */100' }[part.status]
    assert.equal(headers['content-range'], told)
  })
}

test('a range applies only to a GET whose response is the plain file', () => {
  for (const options of [{ method: 'HEAD' }, { method: 'POST' }, { status: 404 },
    { headers: ['content-encoding', 'gzip'] }, { headers: ['content-range', 'bytes 0-99/200'] }]) {
    const { start, length, status } = select('bytes=1-2', options)
    assert.deepEqual({ start, length, status }, { ...WHOLE, status: options.status ?? 200 })
  }
})

test('If-Range: needs a strong tag or the exact date', () => {
  const headers = ['etag', '"a"', 'last-modified', 'Mon, 01 Jan 2024 00:00:00 GMT']
  for (const [ifRange, status] of [['"a"', 206], ['"b"', 200], ['W/"a"', 200],
    ['Mon, 01 Jan 2024 00:00:00 GMT', 206], ['Tue, 02 Jan 2024 00:00:00 GMT', 200]]) {
    assert.equal(select('bytes=1-2', { headers, ifRange }).status, status, ifRange)
  }
})

test('a content-length says where a file that has grown ends', () => {
  for (const [announced, length] of [[undefined, 100], ['100', 100], ['99', 99], ['0', 0]]) {
    const headers = announced === undefined ? [] : ['content-length', announced]
    assert.equal(bodyLength(headers, SIZE), length)
  }
  assert.throws(() => bodyLength(['content-length', '101'], SIZE),
    { code: 'ERR_INVALID_RESPONSE', message: /\b101\b.*\b100\b/ })
})

const folder = mkdtempSync(join(tmpdir(), 'node-asgi-'))
after(() => rmSync(folder, { recursive: true }))

/** A file that has been opened and removed, as a worker may pass it on. */
function passed (content) {
  const path = join(folder, 'file')
  writeFileSync(path, content)
  const fd = openSync(path, 'r+')
  rmSync(path)
  return { fd, file: new PassedFile(fd) }
}

const isOpen = (fd) => existsSync(`/proc/self/fd/${fd}`)

test('a part of a file is read, whatever its position, and then closed', async () => {
  const { fd, file } = passed('0123456789')
  readSync(fd, Buffer.alloc(4))
  assert.equal(await file.size(), 10)
  const body = file.read(2, 5)
  assert.equal(Buffer.concat(await body.toArray()).toString(), '23456')
  file.close()
  assert.equal(isOpen(fd), false)
})

test('a whole file is read at once', () => {
  const { fd, file } = passed('0123456789')
  readSync(fd, Buffer.alloc(4))
  assert.equal(file.readSync('content-length\x007').toString(), '0123456')
  assert.equal(isOpen(fd), false)
})

test('a file that became shorter fails, and is closed', async () => {
  const large = Buffer.alloc(1_000_000)
  const { fd, file } = passed(large)
  const body = file.read(0, large.length)
  await assert.rejects(async () => {
    for await (const chunk of body) {
      ftruncateSync(fd, 300_000)
      assert.ok(chunk.length > 0)
    }
  }, { code: 'ERR_INVALID_RESPONSE', message: /1000000/ })
  assert.equal(isOpen(fd), false)
})

test('a stream that is destroyed during a read closes its file after it', async () => {
  const { fd, file } = passed(Buffer.alloc(1_000_000))
  const body = file.read(0, 1_000_000)
  body.read()
  body.destroy()
  assert.equal(isOpen(fd), true)
  await once(body, 'close')
  assert.equal(isOpen(fd), false)
})

test('each piece of a file took memory of its own', async () => {
  const content = Buffer.alloc(2_000_000, 'x')
  const { file } = passed(content)
  const memory = new Set()
  let length = 0
  for await (const piece of file.read(0, content.length)) {
    memory.add(piece.buffer)
    length += piece.length
    recycle(piece)
  }
  assert.equal(length, content.length)
  assert.ok(memory.size <= 3, `${memory.size} for 8 pieces`)
})

test('only a regular file is sent', async () => {
  for (const path of ['/dev/zero', folder]) {
    const open = () => new PassedFile(openSync(path, 'r'))
    const file = open()
    await assert.rejects(file.size(), { code: 'ERR_INVALID_RESPONSE' }, path)
    file.close()
    assert.throws(() => open().readSync(''), { code: 'ERR_INVALID_RESPONSE' }, path)
  }
})

test('ranges of an unknown unit were answered with 416', () => {
  assert.equal(select('lines=5000-').status, 200)
})

test('a space after the last bytes of a short file made them unsatisfiable', () => {
  assert.equal(select('bytes=-1000 ').status, 206)
})

test('a length that is no number of bytes was taken from the worker', () => {
  for (const length of ['-1', '1.5', '', '0x1', '1e1']) {
    assert.throws(() => bodyLength(['content-length', length], SIZE),
      { code: 'ERR_INVALID_RESPONSE' })
  }
})
