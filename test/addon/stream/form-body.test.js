import assert from 'node:assert/strict'
import { openAsBlob, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { parseContent } from '../../../addon/lib/stream/request-body.js'

async function bytesOf (body) {
  if (body === undefined) return ''
  if (body instanceof Uint8Array) return Buffer.from(body).toString('latin1')
  return Buffer.concat(await body.toArray()).toString('latin1')
}

/** What the web makes of the same body, with our boundary. */
async function expected (value, type) {
  const response = new Response(value)
  const theirs = /boundary=(.*)/.exec(response.headers.get('content-type'))?.[1]
  const ours = /boundary=(.*)/.exec(type)?.[1]
  const text = Buffer.from(await response.arrayBuffer()).toString('latin1')
  return {
    type: theirs === undefined ? response.headers.get('content-type') ?? '' : type,
    text: theirs === undefined ? text : text.replaceAll(theirs, ours)
  }
}

const form = (...fields) => {
  const data = new FormData()
  for (const field of fields) data.append(...field)
  return data
}

for (const [kind, value] of Object.entries({
  'a URLSearchParams': new URLSearchParams({ a: '1 &=', ü: 'é' }),
  'an empty URLSearchParams': new URLSearchParams(),
  'a Blob': new Blob(['some ', new Uint8Array([0, 255])], { type: 'image/png' }),
  'a Blob without a type': new Blob(['x']),
  'an empty Blob': new Blob([], { type: 'text/css' }),
  'a long Blob': new Blob(['x'.repeat(300_000)]),
  'an empty FormData': form(),
  'a FormData of fields': form(['a', '1'], ['a', '2'], ['ünï', 'cödé']),
  'a FormData with line breaks and quotes': form(['a\r\nb"c', 'one\ntwo\rthree\r\n']),
  'a FormData with files': form(['a', '1'], ['file', new Blob(['text'], { type: 'text/plain' })],
    ['other', new File(['\0\xff'], 'n"a\r\nme.bin')], ['last', 'z'])
})) {
  test(`${kind} is encoded as the web does it`, async () => {
    const { body, length, type } = parseContent(value)
    const text = await bytesOf(body)
    assert.deepEqual({ type, text }, await expected(value, type))
    assert.equal(length, text.length)
  })
}

test('a file on disk is read while it is sent', async (t) => {
  const path = join(tmpdir(), `form-body-${process.pid}`)
  writeFileSync(path, Buffer.alloc(1_000_000, 'f'))
  t.after(() => rmSync(path))
  const { body, length } = parseContent(form(['f', await openAsBlob(path), 'big.bin']))
  assert.ok(length > 1_000_000)
  assert.equal((await bytesOf(body)).length, length)
})

test('boundaries differ', () => {
  assert.notEqual(parseContent(form()).type, parseContent(form()).type)
})

test('a FormData of another library is encoded too', async () => {
  const foreign = { [Symbol.toStringTag]: 'FormData', entries: () => [['a', '1']].values() }
  assert.match(await bytesOf(parseContent(foreign).body), /name="a"\r\n\r\n1\r\n/)
})

test('what only claims to be a form is refused', () => {
  for (const tag of ['FormData', 'Blob']) {
    assert.throws(() => parseContent({ [Symbol.toStringTag]: tag }), { code: 'ERR_INVALID_BODY' })
  }
})
