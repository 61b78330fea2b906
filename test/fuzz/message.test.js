import assert from 'node:assert/strict'

import fc from 'fast-check'

import { encodeHead } from '../../addon/lib/message/head.js'
import { Headers, parseJoined } from '../../addon/lib/message/headers.js'
import { below, isBelow, locate, parsePrefix } from '../../addon/lib/message/mount.js'
import { parseUrl } from '../../addon/lib/message/url.js'
import {
  HEAD_FIELDS,
  headerName,
  headerPairs,
  headerValue,
  latin1,
  outcome,
  property,
  textOf
} from '../support/properties.js'

const URL_PIECES = [
  '/',
  '//',
  'a',
  '?',
  '#',
  'http://',
  'https://',
  'HTTP://',
  '@',
  ':',
  '80',
  '[::1]',
  'h.example',
  '%2F',
  '%',
  '\\',
  '\0',
  '\r\n',
  'ü',
  '€',
  '\ud800',
  '*',
  ' ',
  '..'
]

const urlText = fc.oneof(
  textOf(URL_PIECES),
  textOf(URL_PIECES).map((rest) => `http://h${rest}`),
  textOf(URL_PIECES).map((rest) => `/${rest}`)
)

/** @param {any} error */
function assertDocumented (error) {
  assert.match(String(error.code), /^ERR_INVALID_(URL|HEADER|METHOD|OPTION)$/, error.stack)
}

property(
  'url: any text is split into ASCII fields, or refused',
  [urlText],
  (text) => {
    const { value, error } = outcome(() => parseUrl(text))
    if (error !== undefined) return assert.equal(error.code, 'ERR_INVALID_URL', error.stack)
    assert.match(value.path, /^(\/[\0-\x7f]*|\*)$/)
    assert.match(value.query, /^[\0-\x7f]*$/)
    assert.doesNotMatch(value.path, /[?#]/)
    assert.doesNotMatch(value.query, /#/)
    assert.match(value.scheme, /^https?$/)
  },
  1000
)

property(
  'url: where it leads agrees with URL',
  [
    fc.webUrl({
      validSchemes: ['http', 'https'],
      withQueryParameters: true,
      withFragments: true,
      authoritySettings: { withIPv4: true, withIPv6: true, withUserInfo: true, withPort: true }
    })
  ],
  (text) => {
    const ours = parseUrl(text)
    const oracle = new URL(text)
    const host = ours.host.includes(':') ? `[${ours.host}]` : ours.host
    assert.equal(new URL(`http://${host}`).hostname, oracle.hostname)
    assert.equal(
      Number(ours.port),
      Number(oracle.port || (oracle.protocol === 'https:' ? 443 : 80))
    )
    assert.equal(`${ours.scheme}:`, oracle.protocol)
    assert.equal(new URL(`http://h${ours.path}`).pathname, oracle.pathname)
    assert.equal(ours.query.replaceAll("'", '%27'), oracle.search.slice(1))
  }
)

property(
  'url: a host and port that are accepted are valid for URL',
  [
    textOf(
      ['a', '.', '-', '1', ':', '80', '65535', '65536', '[', ']', '::1', '%41', '%', '@', 'ü'],
      { maxLength: 6 }
    )
  ],
  (authority) => {
    const { value, error } = outcome(() => parseUrl(`http://${authority}/`))
    if (error !== undefined) return assert.equal(error.code, 'ERR_INVALID_URL', error.stack)
    assert.ok(Number(value.port) <= 65535, `port ${value.port}`)
  }
)

property(
  'url: what is not ASCII is encoded as URL does it',
  [
    fc
      .string({
        unit: fc.oneof(
          fc.constantFrom('a', '\ud800', '\udc00'),
          fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })
        )
      })

      .map((text) => text.replace(/[\0-\x20"#<>?\\^`{|}\x7f./]/g, ''))
  ],
  (text) => {
    assert.equal(parseUrl(`/${text}`).path, new URL(`http://h/${text}`).pathname)
  }
)

property(
  'url: what was parsed before makes no difference',
  [urlText, urlText],
  (first, second) => {
    const parse = (text) => {
      const { value, error } = outcome(() => parseUrl(text))
      return value ?? error.message
    }
    const alone = parse(first)
    parse(second)
    assert.deepEqual(parse(first), alone)
    assert.deepEqual(parse(first), alone)
  }
)

property('headers: what a worker sends is read back', [headerPairs], (list) => {
  const lower = list.map(([name, value]) => [name.toLowerCase(), value])
  const headers = parseJoined(lower.flat().join('\0'))
  assert.deepEqual([...headers], lower)
  assert.deepEqual([...new Headers(headers)], lower)
  assert.deepEqual([...new Headers(lower.flat())], lower)
  assert.equal(headers.size, lower.length)
})

const operation = fc.tuple(fc.constantFrom('add', 'set', 'delete'), headerName, headerValue)

property(
  'headers: they behave like a list of pairs',
  [headerPairs, fc.array(operation)],
  (list, todo) => {
    const headers = new Headers(list)
    let model = list.map(([name, value]) => [name.toLowerCase(), value])
    for (const [what, name, value] of todo) {
      const key = name.toLowerCase()
      if (what !== 'add') model = model.filter(([each]) => each !== key)
      if (what !== 'delete') model.push([key, value])
      headers[what](name, value)
      assert.deepEqual(headers.entries(), model)
      const values = model.filter(([each]) => each === key).map(([, each]) => each)
      assert.deepEqual(headers.getAll(name), values)
      assert.equal(headers.get(name), values.at(-1) ?? null)
      assert.equal(headers.has(name), values.length > 0)
      assert.equal(headers.getLine(name), values.length > 0 ? values.join(',') : null)
    }
    const json = headers.toJSON()
    assert.deepEqual(Object.keys(json).sort(), [...new Set(model.map(([name]) => name))].sort())
  }
)

const anything = fc.anything({
  withBigInt: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withTypedArray: true,
  withDate: true
})

property(
  'headers: whatever is given makes headers, or ERR_INVALID_HEADER',
  [
    fc.oneof(
      anything,
      fc.array(anything),
      fc.array(fc.array(anything)),
      fc.dictionary(fc.string(), anything)
    )
  ],
  (init) => {
    const { error } = outcome(() => new Headers(init))
    if (error !== undefined) assert.equal(error.code, 'ERR_INVALID_HEADER', error.stack)
  },
  1000
)

const nasty = textOf(['\0', 'x', '\r\n', '/', 'ü', '€', '?', '#', ' '], { maxLength: 5 })
const prefixText = fc.oneof(
  nasty,
  nasty.map((text) => `/${text}`),
  fc.constant(undefined)
)
const socketInfo = fc.oneof(
  fc.constant(undefined),
  fc.record(
    {
      remoteAddress: fc.oneof(nasty, anything),
      remotePort: fc.oneof(fc.nat(), nasty, anything),
      localAddress: fc.oneof(nasty, fc.ipV4()),
      localPort: fc.oneof(fc.nat(), nasty, anything)
    },
    { requiredKeys: [] }
  )
)
const anyHeaders = fc.array(fc.tuple(fc.oneof(headerName, nasty), fc.oneof(headerValue, nasty)), {
  maxLength: 4
})

property(
  'head: no part of a request can add a field',
  [
    fc.record({
      url: urlText,
      method: fc.oneof(fc.constantFrom(undefined, 'get', 'POST'), nasty),
      headers: anyHeaders,
      prefix: prefixText,
      socket: socketInfo
    }),
    fc.integer({ min: -1 })
  ],
  (request, length) => {
    const { value, error } = outcome(() => encodeHead(request, length))
    if (error !== undefined) return assertDocumented(error)
    assert.match(value, /^[\0-\xff]*$/)
    const fields = value.split('\0')
    const given = request.headers.flat()
    const names = given.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase())
    const added =
      Number(!names.includes('host') && /^https?:/i.test(request.url)) +
      Number(
        !names.some((name) => /^(content-length|transfer-encoding)$/.test(name)) &&
          (length > 0 || (length === 0 && fields[0] === 'POST'))
      )
    assert.equal(fields.length, HEAD_FIELDS + given.length + 2 * added, JSON.stringify(value))
    for (const port of [fields[6], fields[8]]) assert.match(port, /^\d*$/)
    for (let i = 0; i < given.length; i += 2) assert.ok(fields.includes(given[i], HEAD_FIELDS))
  },
  1000
)

const prefix = fc
  .array(fc.constantFrom('a', 'b', '%2F', 'ü'), { maxLength: 3 })
  .map((list) => list.map((name) => `/${name}`).join(''))
const path = textOf(['/', 'a', 'b', '?', '%2F'], { unit: latin1, maxLength: 6 }).map(
  (text) => `/${text}`
)

property('mount: a url is put below its prefix once', [prefix, path], (mount, url) => {
  const once = below(url, mount)
  assert.ok(isBelow(once, mount))
  assert.equal(below(once, mount), once)
  assert.ok(once.endsWith(url))
})

property(
  'mount: what connect and Express remove is found again',
  [prefix, path],
  (mount, rest) => {
    const originalUrl = mount + rest
    const request = { originalUrl }
    assert.deepEqual(locate(request, rest, undefined).url, originalUrl)
    assert.deepEqual(locate({ ...request, baseUrl: mount }, rest, undefined), {
      mount,
      url: originalUrl
    })
    assert.equal(locate(request, rest, mount).url, below(originalUrl, mount))
  }
)

property('mount: a prefix is refused, or can be part of a head', [prefixText], (text) => {
  const { value, error } = outcome(() => parsePrefix(text))
  if (error !== undefined) return assert.equal(error.code, 'ERR_INVALID_OPTION', error.stack)
  assert.match(value, /^(\/[\x21-\xff]*[^/])?$/)
  assert.equal(parsePrefix(value), value)
})
