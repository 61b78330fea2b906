import assert from 'node:assert/strict'
import { once } from 'node:events'
import { IncomingMessage, createServer } from 'node:http'
import { connect } from 'node:net'
import { after } from 'node:test'

import fc from 'fast-check'

import { currentHeaders } from '../../addon/lib/http/changed-headers.js'
import { forwardedOf } from '../../addon/lib/http/forwarded.js'
import {
  addField,
  http2Fields,
  isHttp2Header,
  isTrailer
} from '../../addon/lib/http/http2-fields.js'
import { encodeIncoming } from '../../addon/lib/http/incoming-head.js'
import { handBack, isHandshake } from '../../addon/lib/http/upgrade-request.js'
import { bodyLength, selectRange } from '../../addon/lib/stream/file-response.js'
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

const SOCKET = {
  remoteAddress: '10.0.0.1',
  remotePort: 5,
  localAddress: '10.0.0.2',
  localPort: 80
}
const SETTINGS = { trustProxy: null, proxyHeaders: [], allowedHosts: undefined, websocket: {} }

/** A request as node:http makes it of these names and values. */
function arrived (rawHeaders, more = {}) {
  const req = new IncomingMessage(/** @type {any} */ (SOCKET))
  req._addHeaderLines(rawHeaders, rawHeaders.length)
  return Object.assign(
    req,
    { method: 'GET', url: '/', httpVersion: '1.1', httpVersionMajor: 1, httpVersionMinor: 1 },
    more
  )
}

const header = (name, text) => fc.tuple(fc.constantFrom(name, name.toUpperCase()), text)

property(
  'changed headers: what nobody has changed is as it arrived',
  [headerPairs],
  (list) => {
    assert.deepEqual(currentHeaders(arrived(list.flat())), list.flat())
  },
  1000
)

property(
  'changed headers: a change concerns its header only',
  [headerPairs, headerName.filter((name) => name !== '__proto__'), fc.option(headerValue)],
  (list, name, value) => {
    const req = arrived(list.flat())
    const key = name.toLowerCase()
    delete req.headers[key]
    if (value !== null) req.headers[key] = value
    const result = currentHeaders(req)
    const of = (flat, is) =>
      flat.flatMap((each, i) =>
        i % 2 === 0 && is(each.toLowerCase()) ? [[each, flat[i + 1]]] : []
      )
    assert.deepEqual(
      of(result, (each) => each !== key),
      of(list.flat(), (each) => each !== key)
    )
    // A list of one value in several lines may stay in them.
    const values = of(result, (each) => each === key).map(([, text]) => text)
    if (value === null) assert.deepEqual(values, [])
    else {
      assert.equal(
        values.length === 1
          ? values[0]
          : arrived(of(result, (each) => each === key).flat()).headers[key],
        value
      )
    }
  }
)

const target = fc.oneof(
  textOf(['/', '?', '#', '*', 'http://', 'a', 'h.example', ':80', '\0', 'ü', '//', '@', '%2F'], {
    unit: latin1
  }),
  textOf(['/', '?', 'a', '\0', 'ü']).map((text) => `http://h${text}`)
)
property(
  'head of a client: it has its fields and no others, whatever the target is',
  [target, headerPairs.map((list) => list.filter(([name]) => name.toLowerCase() !== 'host'))],
  (url, list) => {
    const head = encodeIncoming(arrived(list.flat(), { url }), SETTINGS)
    const fields = head.split('\0')
    assert.equal(fields.length, HEAD_FIELDS + list.length * 2)
    assert.deepEqual(fields.slice(HEAD_FIELDS), list.flat())
    const [method, scheme, version, path, query, ...addresses] = fields
    assert.deepEqual([method, scheme, version], ['GET', 'http', '1.1'])
    assert.match(path, /^(\/|\*$)/)
    assert.match(path + query, /^[\x01-\x7f]*$/) // eslint-disable-line no-control-regex
    assert.doesNotMatch(path, /\?/)
    assert.deepEqual(addresses.slice(0, 4), ['10.0.0.1', '5', '10.0.0.2', '80'])
  },
  1000
)

property(
  'head of a client: a whole URL has the path and query that URL finds',
  [
    fc.webUrl({
      withQueryParameters: true,
      authoritySettings: { withPort: true, withUserInfo: true }
    })
  ],
  (url) => {
    const [, , , path, query] = encodeIncoming(arrived([], { url }), SETTINGS).split('\0')
    const oracle = new URL(url)
    assert.equal(new URL(`http://h${path}`).pathname, oracle.pathname)
    assert.equal(new URL(`http://h/?${query}`).search, oracle.search)
  }
)

const PROXY = '10.0.0.1'
const address = fc.oneof(fc.ipV4(), fc.ipV6())
const junk = textOf(
  [
    'for=',
    'proto=',
    'host=',
    '"',
    '\\',
    ',',
    ';',
    '=',
    ' ',
    '10.0.0.1',
    '9.9.9.9',
    '[',
    ']',
    'unknown',
    '\\"'
  ],
  { unit: latin1 }
).map((text) => text.replace(/[\r\n]/g, ''))

/** @returns {[any, number]} what is found, and how many hops were looked at */
function forwarded (headers, proxyHeaders) {
  let count = 0
  const trustProxy = (given) => {
    count++
    return given === PROXY
  }
  return [forwardedOf({ socket: SOCKET, headers }, { trustProxy, proxyHeaders }), count]
}

const written = (ip, port, { quoted }) => {
  const text = ip.includes(':') && (quoted || port !== undefined) ? `[${ip}]` : ip
  const all = port === undefined ? text : `${text}:${port}`
  return quoted ? `"${all}"` : all
}
const port = fc.option(fc.integer({ min: 0, max: 65535 }), { nil: undefined })

property(
  'proxies: no client can hide the address that its proxy adds',
  [junk, address, port],
  (before, ip, number) => {
    fc.pre(ip !== PROXY)
    const [list] = forwarded({ 'x-forwarded-for': `${before}, ${written(ip, number, {})}` }, [
      'x-forwarded-for'
    ])
    assert.equal(list.client, ip)
    const [rfc] = forwarded(
      { forwarded: `${before}, for=${written(ip, number, { quoted: true })}` },
      ['forwarded']
    )
    assert.equal(rfc.client, ip)
  },
  1000
)

property(
  'proxies: what they say is an address, a scheme and a host, or nothing',
  [junk, junk, junk],
  (one, two, three) => {
    for (const [headers, names] of [
      [{ forwarded: one }, ['forwarded']],
      [
        { 'x-forwarded-for': one, 'x-forwarded-proto': two, 'x-forwarded-host': three },
        ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host']
      ]
    ]) {
      const [found, count] = forwarded(headers, names)
      assert.ok(count <= [one, two, three].join().split(',').length + 1, `${count} hops`)
      if (found === null) continue
      assert.match(found.client, /^([\d.]+|[\da-f:.]+(%.*)?)?$/i)
      assert.match(found.scheme, /^(https?)?$/)
      assert.equal(typeof found.host, 'string')
    }
  },
  1000
)

const fieldName = fc.oneof(
  headerName.map((name) => name.toLowerCase()),
  fc.constantFrom(':path', '', 'te', 'connection', 'content-length', 'host')
)

property(
  'http2: the fields are those that HTTP/2 has, with all their values',
  [
    fc.array(fc.tuple(fieldName, fc.oneof(headerValue, fc.constant('trailers'))), {
      maxLength: 8
    })
  ],
  (list) => {
    const fields = http2Fields(list.flat())
    assert.equal(Object.getPrototypeOf(fields), null)
    const kept = list.filter(([name, value]) => isHttp2Header(name, value))
    assert.deepEqual(Object.keys(fields).sort(), [...new Set(kept.map(([name]) => name))].sort())
    for (const [name, value] of Object.entries(fields)) {
      const values = kept.filter(([each]) => each === name).map(([, text]) => text)
      if (Array.isArray(value)) assert.deepEqual(value, values)
      else assert.equal(value, values.at(-1))
      assert.ok(!name.startsWith(':'))
      if (isTrailer(name)) assert.notEqual(name, 'te')
    }
    const again = Object.create(null)
    for (const [name, value] of kept) addField(again, name, value)
    assert.deepEqual(again, fields)
  }
)

const SIZE = fc.nat(1000)

/** One range by the words of RFC 9110, section 14.1.2. undefined: not valid, or not one range. */
function oneRange (range, size) {
  const [, first, last] = /^bytes=[ \t]*(\d*)[ \t]*-[ \t]*(\d*)[ \t]*$/.exec(range) ?? []
  if (first === undefined || (first === '' && last === '')) return undefined
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? null : [size - length, length]
  }
  if (last !== '' && Number(last) < Number(first)) return null // section 15.5.17
  if (Number(first) >= size) return null
  return [Number(first), Math.min(last === '' ? size : Number(last) + 1, size) - Number(first)]
}

const rangeText = fc.oneof(
  textOf(
    ['bytes', '=', '-', '0', '9', '1000', ',', ' ', 'x', '+', 'e', '0x1', '99999999999999999999'],
    { maxLength: 8 }
  ),
  textOf(['-', '0', '5', '999', ',', ' '], { maxLength: 4 }).map((text) => `bytes=${text}`)
)

property(
  'ranges: one range is answered as RFC 9110 says, others with the whole file',
  [rangeText, SIZE],
  (range, size) => {
    const headers = []
    const { status, start, length } = selectRange(
      { method: 'GET', headers: { range } },
      200,
      headers,
      size
    )
    const value = (name) => headers[headers.indexOf(name) + 1]
    assert.ok(start >= 0 && length >= 0 && start + length <= size, `${start} ${length}`)
    assert.equal(value('content-length'), String(length))
    const expected = oneRange(range, size)
    if (status === 206) {
      assert.equal(value('content-range'), `bytes ${start}-${start + length - 1}/${size}`)
      if (!range.includes(',')) assert.deepEqual([start, length], expected)
    } else if (status === 416) {
      assert.equal(value('content-range'), `bytes */${size}`)
      if (!range.includes(',')) assert.equal(expected, null)
    } else {
      assert.deepEqual([status, start, length], [200, 0, size])
      assert.ok(expected === undefined, `ignored ${range}`)
    }
  },
  2000
)

property(
  'ranges: the length of a file is within it, or an invalid response',
  [
    SIZE,
    fc.oneof(
      fc.nat(2000).map(String),
      textOf(['-', '1', '.', 'e', '0x', ' ', ''], { maxLength: 4 })
    )
  ],
  (size, announced) => {
    const { value, error } = outcome(() => bodyLength(['content-length', announced], size))
    if (error !== undefined) return assert.equal(error.code, 'ERR_INVALID_RESPONSE', error.stack)
    assert.ok(Number.isInteger(value) && value >= 0 && value <= size, `${value}`)
  }
)

const elements = fc.array(
  fc.oneof(
    fc.constantFrom('websocket', 'WebSocket', 'h2c', 'upgrade', 'x'),
    fc.string({ unit: fc.constantFrom('a', 'websocket', ' ', '"', '/') })
  ),
  { maxLength: 3 }
)

property(
  'upgrade: websocket is found wherever it is in the list',
  [elements, fc.boolean()],
  (list, old) => {
    const req = { httpVersion: old ? '1.0' : '1.1', headers: { upgrade: list.join(' ,') } }
    assert.equal(
      isHandshake(req),
      !old && list.some((each) => each.trim().toLowerCase() === 'websocket')
    )
  }
)

/** Answers with what it has got. */
function echo (req, res) {
  const chunks = []
  req.on('data', (chunk) => chunks.push(chunk))
  req.on('end', () => {
    const { method, url, rawHeaders } = req
    const others = rawHeaders.flatMap((name, i) =>
      i % 2 === 0 && name.toLowerCase() !== 'connection' ? [[name, rawHeaders[i + 1]]] : []
    )
    const connection = (req.headers.connection ?? '')
      .split(',')
      .map((each) => each.trim().toLowerCase())
      .filter((each) => each !== 'upgrade' && each !== '')
    res.end(
      JSON.stringify({
        method,
        url,
        others,
        connection,
        body: Buffer.concat(chunks).toString('latin1')
      })
    )
  })
}

const plain = createServer(echo)
const upgrading = createServer(echo)
upgrading.on('upgrade', handBack)
for (const server of [plain, upgrading]) await once(server.listen(0, '127.0.0.1'), 'listening')
after(() => [plain, upgrading].map((server) => server.close()))

async function exchange (server, pieces) {
  const socket = connect(server.address().port, '127.0.0.1')
  socket.setNoDelay(true)
  socket.setTimeout(10_000, () => socket.destroy(new Error('no answer')))
  const closed = once(socket, 'close')
  const chunks = []
  socket.on('data', (chunk) => chunks.push(chunk))
  for (const piece of pieces) {
    socket.write(piece)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await closed
  return Buffer.concat(chunks)
    .toString('latin1')
    .replace(/^Date: .*$/m, '')
}

property(
  'upgrade: a request that is handed back arrives as without an upgrade',
  [
    fc.constantFrom('GET', 'POST', 'OPTIONS'),
    textOf(['/', 'a', '?', '%20', 'ü'], { unit: fc.constantFrom('b', '~') }),
    headerPairs.map((list) => list.filter(([name]) => !/^(te|host|content-length)$/i.test(name))),
    header(
      'connection',
      fc.constantFrom('close, upgrade', 'Upgrade , close', 'upgrade,x-a,CLOSE')
    ),
    fc.string({ unit: latin1, maxLength: 50 }),
    fc.array(fc.nat(300), { maxLength: 4 })
  ],
  async (method, path, list, connection, body, places) => {
    const content = method === 'POST' ? body : ''
    const lines = [
      ['Host', 'h'],
      connection,
      ['Upgrade', 'h2c'],
      ...list,
      ['Content-Length', String(content.length)]
    ]
    const head =
      `${method} /${path} HTTP/1.1\r\n` +
      lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    const bytes = Buffer.from(`${head}\r\n${content}`, 'latin1')
    const at = [0, ...places.filter((place) => place < bytes.length).sort((a, b) => a - b)]
    const pieces = at.map((start, i) => bytes.subarray(start, at[i + 1]))
    assert.equal(await exchange(upgrading, pieces), await exchange(plain, pieces))
  },
  60
)
