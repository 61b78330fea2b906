import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'

import { loadBinding } from '../../../addon/lib/binding.js'
import { LineReader } from '../../../addon/lib/worker/line-reader.js'

function read () {
  const source = new PassThrough()
  const lines = []
  const entries = []
  const reader = new LineReader(source, loadBinding().logMarks, (line, level) => {
    lines.push(line)
    entries.push([level, line])
  })
  return { source, lines, entries, reader }
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

test('a record has its level and its newlines', async () => {
  const { source, entries } = read()
  source.write('plain\n\x1eDa\n\x1eIb\n\x1eWc\n\x1eEtwo\x1flines\x1f\n\x1eI\nplain\n')
  await turn()
  assert.deepEqual(entries, [
    [null, 'plain'], ['debug', 'a'], ['info', 'b'], ['warn', 'c'], ['error', 'two\nlines\n'],
    ['info', ''], [null, 'plain']])
})

test('a record, however it is cut', async () => {
  const bytes = Buffer.from('plain\n\x1eEgrün\x1ftwo\r\n\x1eWnext\nplain')
  for (let first = 0; first <= bytes.length; first++) {
    for (let second = first; second <= bytes.length; second++) {
      const { source, entries } = read()
      source.write(bytes.subarray(0, first))
      source.write(bytes.subarray(first, second))
      source.end(bytes.subarray(second))
      await turn()
      assert.deepEqual(entries, [
        [null, 'plain'], ['error', 'grün\ntwo'], ['warn', 'next'], [null, 'plain']],
      `cut at ${first} and ${second}`)
    }
  }
})

test('a record at the end without a newline', async () => {
  const { source, entries } = read()
  source.end('\x1eEtwo\x1flines')
  await turn()
  assert.deepEqual(entries, [['error', 'two\nlines']])
})

test('a record keeps its level in all its pieces', async () => {
  const { source, entries } = read()
  const text = 'x\n'.repeat(100_000)
  source.write('\x1eE' + text.replaceAll('\n', '\x1f'))
  await turn()
  assert.ok(entries.length >= 3)
  source.write('\nplain\x1f\n')
  await turn()
  assert.deepEqual(entries.pop(), [null, 'plain\x1f'])
  assert.ok(entries.every(([level]) => level === 'error'))
  assert.equal(entries.map(([, piece]) => piece).join(''), text)
})

test('text that is not a marker is passed on', async () => {
  const texts = ['\x1e', '\x1eX', '\x1ee', '\x1e E', 'E', '\x1f', 'a\x1fb', '\x1e\x1f', '__']
  for (const text of texts) {
    const { source, entries } = read()
    source.write(`${text}\nplain\n`)
    await turn()
    assert.deepEqual(entries, [[null, text], [null, 'plain']])
  }
})

test('a record after output without a newline is an entry of its own', async () => {
  const { source, entries } = read()
  source.write(' 5% done\x1eEtwo\x1flines\nplain\n\x1e\x1eWa\x1eIb\n')
  await turn()
  assert.deepEqual(entries, [
    [null, ' 5% done'], ['error', 'two\nlines'], [null, 'plain'],
    [null, '\x1e'], ['warn', 'a'], ['info', 'b']])
})

test('bytes that are no UTF-8 do no harm', async () => {
  const { source, entries } = read()
  source.write(Buffer.from([0x1e, 0x45, 0xff, 0xfe, 0x0a, 0xc3, 0x1e, 0x57, 0x78, 0x0a]))
  await turn()
  assert.deepEqual(entries, [['error', '\ufffd\ufffd'], [null, '\ufffd'], ['warn', 'x']])
})

test('a long line was cut within a character or a mark, and only if it came in parts', async () => {
  const { source, entries } = read()
  source.write('x'.repeat(64 * 1024 - 1))
  source.write('🎉\n')
  source.write(`${'y'.repeat(64 * 1024 - 1)}\x1eEtext\n`)
  await turn()
  await turn()
  assert.deepEqual(entries.map(([level, line]) => [level, line.length]), [
    [null, 64 * 1024 - 1], [null, 2], [null, 64 * 1024 - 1], ['error', 4]
  ])
})

/** Takes long, as a logger that writes to a slow disk does. */
function slowly () {
  const end = performance.now() + 0.5
  while (performance.now() < end) { /* busy */ }
}

test('a process that printed without pause kept the event loop from everything else', async () => {
  const source = new PassThrough()
  const lines = []
  const reader = new LineReader(source, loadBinding().logMarks, (line) => {
    slowly()
    lines.push(line)
  })
  const expected = Array.from({ length: 1000 }, (_, i) => `line ${i}`)
  source.write(expected.join('\n') + '\n')
  await turn()
  assert.ok(lines.length < 200, `${lines.length} lines in one turn`)
  assert.ok(source.isPaused(), 'the process that prints has to wait')
  source.end('last')
  await reader.close(30_000)
  assert.deepEqual(lines, [...expected, 'last'])
})

test('many processes that print share the time of one turn', async () => {
  let count = 0
  const sources = Array.from({ length: 20 }, () => new PassThrough())
  const readers = sources.map((source) => new LineReader(source, loadBinding().logMarks, () => {
    slowly()
    count++
  }))
  for (const source of sources) source.end('line\n'.repeat(200))
  await turn() // the first lines of each
  const before = count
  await turn()
  assert.ok(count - before < 200, `${count - before} lines in one turn`)
  await Promise.all(readers.map((reader) => reader.close(30_000)))
  assert.equal(count, 4000)
})

test('level markers without a newline took 4 s for a few megabytes', async () => {
  const { source, entries, reader } = read()
  const noise = '\x1eD'.repeat(1 << 15)
  for (let i = 0; i < 32; i++) source.write(noise)
  source.end('\x1eE\x1eWthe end\n')
  await reader.close(30_000)
  assert.deepEqual(entries, [['warn', 'the end']])
})

test('a marker that arrives in two pieces', async () => {
  const { source, entries } = read()
  for (const piece of ['text\x1e', 'Wrecord\x1e', 'E', 'next\n']) source.write(piece)
  await turn()
  assert.deepEqual(entries, [[null, 'text'], ['warn', 'record'], ['error', 'next']])
})
