import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'

import { LineReader } from '../../addon/lib/output.js'

function read () {
  const source = new PassThrough()
  const lines = []
  return { source, lines, reader: new LineReader(source, (line) => lines.push(line)) }
}

test('lines, however they are cut', async () => {
  const { source, lines } = read()
  for (const piece of ['one\ntw', 'o\r\n', '\nfo', 'ur']) source.write(piece)
  await turn()
  assert.deepEqual(lines, ['one', 'two', ''])
  source.end()
  await turn()
  assert.deepEqual(lines, ['one', 'two', '', 'four'])
})

test('a character cut in two', async () => {
  const { source, lines } = read()
  const bytes = Buffer.from('grün\n')
  source.write(bytes.subarray(0, 3))
  source.write(bytes.subarray(3))
  await turn()
  assert.deepEqual(lines, ['grün'])
})

test('output without newlines comes in pieces', async () => {
  const { source, lines } = read()
  source.write('x'.repeat(200_000))
  await turn()
  assert.ok(lines.length >= 3)
  source.end('\n')
  await turn()
  assert.equal(lines.join('').length, 200_000)
})

test('close() waits for the end', async () => {
  const { source, lines, reader } = read()
  source.write('last')
  const closed = reader.close(30_000)
  source.end(' words')
  await closed
  assert.deepEqual(lines, ['last words'])
  await reader.close(30_000)
})

test('close() does not wait for ever when somebody keeps the pipe open', async () => {
  const { source, lines, reader } = read()
  source.write('half a line')
  await reader.close(1)
  assert.ok(source.destroyed)
  assert.deepEqual(lines, ['half a line'])
})
