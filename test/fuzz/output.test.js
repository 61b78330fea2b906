import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'

import fc from 'fast-check'

import { commonLogLine } from '../../addon/lib/cli/access-log.js'
import { LineReader } from '../../addon/lib/worker/line-reader.js'
import { parseInfo } from '../../addon/lib/worker/process-info.js'
import { latin1, outcome, property, textOf } from '../support/properties.js'

const MARKS = { record: '\x1e', newline: '\x1f', levels: 'DIWE' }
const LEVELS = ['debug', 'info', 'warn', 'error']
const MAX_LINE = 64 * 1024

/** @returns {Promise<[level: string | null, line: string][]>} what a reader makes of the pieces */
async function read (pieces) {
  const source = new PassThrough()
  const lines = []
  const reader = new LineReader(source, MARKS, (line, level) => lines.push([level, line]))
  for (const piece of pieces) {
    source.write(piece)
    await turn()
  }
  source.end()
  await reader.close(60_000)
  return lines
}

/** @returns {Buffer[]} the bytes, cut at the places */
function cut (bytes, places) {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...at]
    .map((start, i) => bytes.subarray(start, at[i] ?? bytes.length))
    .filter((piece) => piece.length > 0)
}

const withoutMarks = (text) => text.replaceAll('\x1e', '?').replaceAll('\x1f', '?')

/** What logs.py does to a record; test/fuzz/test_parsers.py looks at that. */
const mark = (text, level) =>
  MARKS.record +
  MARKS.levels[LEVELS.indexOf(level)] +
  withoutMarks(text).replaceAll('\n', MARKS.newline)

const output = textOf(['\n', '\r\n', '\r', '\x1eI', '\x1eE', '\x1e', '\x1f', 'x', 'ü', '€', '🎉'])
const bytes = fc.oneof(
  output.map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 40 }).map((list) => Buffer.from(list))
)
const places = fc.array(fc.nat(200), { maxLength: 8 })

property(
  'output: the lines are the same, however the bytes are cut',
  [bytes, places],
  async (all, at) => assert.deepEqual(await read(cut(all, at)), await read([all]))
)

property(
  'output: lines without marks are those of the text',
  [output, places],
  async (text, at) => {
    const plain = text.replaceAll('\x1e', '')
    const lines = plain.split(/\r?\n/)
    if (lines.at(-1) === '') lines.pop()
    assert.deepEqual(
      await read(cut(Buffer.from(plain), at)),
      lines.map((line) => [null, line])
    )
  }
)

// The newline after it would make a \r at its end part of the end of the line.
const record = fc.tuple(
  fc.constantFrom(...LEVELS),
  output.map((text) => text.replace(/\r+$/, ''))
)

property(
  'output: each record is read back with its level and its newlines',
  [fc.array(record, { maxLength: 5 }), places],
  async (records, at) => {
    const all = Buffer.from(records.map(([level, text]) => `${mark(text, level)}\n`).join(''))
    const expected = records.map(([level, text]) => [
      level, withoutMarks(Buffer.from(text).toString())
    ])
    assert.deepEqual(await read(cut(all, at)), expected)
  }
)

property(
  'output: nothing of a long line is lost, and no piece of it is too long',
  [
    fc.integer({ min: MAX_LINE - 10, max: MAX_LINE + 10 }),
    fc.integer({ min: 1, max: 3 }),
    fc.constantFrom('x', '\r', '🎉', '\x1e', '\x1eI'),
    fc.constantFrom('', 'x', 'xx'),
    places
  ],
  async (count, times, unit, before, at) => {
    const text = before + 'y'.repeat(count) + unit + 'y'.repeat(count * (times - 1)) + unit
    const whole = await read([Buffer.from(`${text}\n`)])
    const pieces = await read(
      cut(Buffer.from(`${text}\n`), [...at, count, MAX_LINE, MAX_LINE + 1])
    )
    // Without showing the lines, which are long.
    assert.ok(isDeepStrictEqual(pieces, whole), 'other lines in pieces')
    const expected = text.replaceAll('\x1eI', '').replace(/\r$/, '')
    assert.ok(whole.map(([, line]) => line).join('') === expected, 'other text')
    for (const [, line] of whole) {
      assert.ok(line.length <= MAX_LINE, `a piece of ${line.length}`)
      assert.ok(line.isWellFormed(), 'half a character')
    }
  },
  30
)

property(
  'access log: one line, from which the request can be read back',
  [
    fc.string({ unit: latin1 }),
    fc.nat(),
    fc.option(fc.integer({ min: 100, max: 599 }), { nil: undefined })
  ],
  (request, size, status) => {
    const [method, url, httpVersion] = ['GET', request, '1.1']
    const arrived = new Date()
    const entry = { peer: '::1', arrived, method, url, httpVersion, status, bytes: size }
    const line = commonLogLine(entry)
    assert.match(line, /^[ -~]*\n$/)
    const [, field, code, length] = /^::1 - - \[[^\]]*\] "((?:[^"\\]|\\.)*)" (\S+) (\S+)\n$/.exec(
      line
    )
    const unescaped = field.replace(
      /\\(?:x(..)|(.))/g,
      (_, hex, char) => char ?? String.fromCharCode(parseInt(hex, 16))
    )
    assert.equal(unescaped, `GET ${request} HTTP/1.1`)
    assert.equal(code, String(status ?? '-'))
    assert.equal(length, String(size || '-'))
  }
)

const SAMPLE = { pid: 0, python: '', lifespan: true, threads: [''] }

property(
  'ready message: it has the types of the sample, or is refused',
  [
    fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .record(
          {
            pid: fc.oneof(fc.nat(), fc.jsonValue()),
            python: fc.oneof(fc.string(), fc.jsonValue()),
            lifespan: fc.oneof(fc.boolean(), fc.jsonValue()),
            threads: fc.oneof(fc.array(fc.string()), fc.jsonValue())
          },
          { requiredKeys: [] }
        )
        .map((info) => JSON.stringify(info))
    )
  ],
  (json) => {
    const { value, error } = outcome(() => parseInfo(json, SAMPLE))
    assert.equal(error, undefined)
    if (value === null) return
    assert.equal(typeof value.pid, 'number')
    assert.equal(typeof value.python, 'string')
    assert.equal(typeof value.lifespan, 'boolean')
    assert.ok(Array.isArray(value.threads))
  },
  1000
)
