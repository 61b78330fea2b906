import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import WebSocket from 'ws'

import { assertFacts } from '../support/facts.js'
import { eventually, leakTest, startPython, withPython } from '../support/harness.js'
import { openSocket, rawExchange, refusedSocket, withSockets } from '../support/websocket.js'
import { seedOf, seeded } from '../support/random.js'

const app = { appTarget: 'websocket_app:app' }

async function logOf (python) {
  return (await python.handleRequest({ url: '/' })).json()
}

/** The last entry that the application has logged. */
async function lastOf (python) {
  return await eventually(async () => {
    const log = await logOf(python)
    assert.notEqual(log.length, 0)
    return log.at(-1)
  })
}

// A message did not leave while handleRequestSync() waited for another worker.
withPython('a WebSocket message is sent before handleRequestSync() blocks',
  { appTarget: 'rendezvous_app:app', workers: 2, spin: 0 }, async (python, t) => {
    const folder = await mkdtemp(join(tmpdir(), 'node-asgi-'))
    t.after(() => rm(folder, { recursive: true }))
    const path = join(folder, 'met')
    const socket = await python.connect('/')
    await sleep(50) // until its worker sleeps
    socket.send(path)
    const { body } = python.handleRequestSync({ url: `/?${encodeURIComponent(path)}` })
    assert.equal(body.toString(), 'there')
    socket.close()
  })

withPython('text, binary, empty and long messages are echoed in order', app, async (python) => {
  await withSockets(python, async (base) => {
    const client = await openSocket(`${base}/echo`)
    const long = randomBytes(3_000_000)
    const sent = ['hello', Buffer.from([0, 255, 1]), '', Buffer.alloc(0), 'grüße ☃', long,
      'x'.repeat(700_001), Buffer.alloc(65_536, 1), Buffer.alloc(65_537, 2)]
    for (const message of sent) client.send(message)
    await eventually(() => assert.equal(client.received.length, sent.length))
    assert.deepEqual(client.received, sent)
    client.send('close')
    assert.deepEqual(await client.closed, [4001, 'bye ☃'])
  })
})

withPython('the scope of a WebSocket has the keys of HTTP and the subprotocols', app,
  async (python) => {
    await withSockets(python, async (base) => {
      const client = await openSocket(`${base}/scope/a%20b?q=1`, ['chat', 'other'],
        { headers: { 'x-probe': 'höher' } })
      assert.deepEqual(await client.closed, [1000, ''])
      const scope = JSON.parse(client.received[0])
      assert.equal(scope.type, 'websocket')
      assert.equal(scope.scheme, 'ws')
      assert.equal(scope.path, '/scope/a b')
      assert.equal(scope.raw_path, "b'/scope/a%20b'")
      assert.equal(scope.query_string, "b'q=1'")
      assert.deepEqual(scope.subprotocols, ['chat', 'other'])
      assert.deepEqual(scope.extensions, { 'websocket.http.response': {} })
      assert.equal(scope.http_version, '1.1')
      assert.equal(scope.client[0], '127.0.0.1')
      assert.equal(scope.server[1], Number(new URL(base).port))
      assert.equal(scope.method, undefined)
      assert.ok(scope.headers.some(([name]) => name === 'sec-websocket-key'))
      assert.equal(client.protocol, 'chat')
      assert.equal(client.response.headers['x-accepted'], 'yes')
      assert.deepEqual(client.response.headers['set-cookie'], ['a=1', 'b=2'])
    })
  })

withPython('a close before accept is a 403, then a disconnect', app, async (python) => {
  await withSockets(python, async (base) => {
    const { status, body } = await refusedSocket(`${base}/refuse`)
    assert.equal(status, 403)
    assert.equal(body, 'Forbidden')
    assert.deepEqual(await lastOf(python),
      { type: 'websocket.disconnect', code: 1006, reason: '' })
  })
})

withPython('a denial response arrives with its status, headers and body', app, async (python) => {
  await withSockets(python, async (base) => {
    const { status, headers, body } = await refusedSocket(`${base}/deny`)
    assert.equal(status, 418)
    assert.equal(headers['x-why'], 'tea')
    assert.equal(body, 'no coffee here')
  })
  await assert.rejects(python.connect('/deny'), (error) => {
    assert.equal(error.code, 'ERR_WEBSOCKET_REFUSED')
    assert.equal(error.status, 418)
    assert.equal(error.headers.get('x-why'), 'tea')
    assert.equal(error.body.toString(), 'no coffee here')
    return true
  })
})

withPython('an app that returns without a close closes with 1000 after its last message', app,
  async (python) => {
    await withSockets(python, async (base) => {
      const client = await openSocket(`${base}/returns`)
      assert.deepEqual(await client.closed, [1000, ''])
      assert.deepEqual(client.received, [Buffer.from('last')])
    })
  })

withPython('an app that raises: 1011 after accept, 500 before', app, async (python) => {
  const errors = []
  python.on('app:error', (error) => errors.push(error.pythonMessage))
  await withSockets(python, async (base) => {
    const client = await openSocket(`${base}/raises`)
    client.send('x')
    assert.deepEqual(await client.closed, [1011, ''])
    assert.equal((await refusedSocket(`${base}/raises_early`)).status, 500)
    assert.equal((await refusedSocket(`${base}/silent`)).status, 500)
  })
  assert.equal(errors.length, 3)
  assert.deepEqual(errors.slice(0, 2), ['the socket broke', 'before it was accepted'])
  assertFacts(errors[2], [/accept/, 'WebSocket'])
})

withPython('after closing, an app gets a disconnect, and an OSError from send()', app,
  async (python) => {
    await withSockets(python, async (base) => {
      const client = await openSocket(`${base}/closes`)
      assert.deepEqual(await client.closed, [3333, 'done'])
      assert.deepEqual(await lastOf(python), {
        type: 'websocket.disconnect', code: 3333, reason: 'done', error: 'ClientDisconnected'
      })
    })
  })

withPython('the close code and reason of a client reach the app: given, none, lost', app,
  async (python) => {
    await withSockets(python, async (base) => {
      const given = await openSocket(`${base}/echo`)
      given.close(4321, 'so long')
      assert.deepEqual(await lastOf(python),
        { type: 'websocket.disconnect', code: 4321, reason: 'so long' })
      const none = await openSocket(`${base}/echo`)
      none.close()
      await eventually(async () => assert.deepEqual((await logOf(python))[1],
        { type: 'websocket.disconnect', code: 1005, reason: '' }))
      const lost = await openSocket(`${base}/echo`)
      lost.terminate()
      await eventually(async () => assert.deepEqual((await logOf(python))[2],
        { type: 'websocket.disconnect', code: 1006, reason: '' }))
      assert.equal(python.stats().inFlight, 0)
    })
  })

withPython('messages sent before a close are delivered before the disconnect', app,
  async (python) => {
    await withSockets(python, async (base) => {
      const client = await openSocket(`${base}/slow`)
      // Much more than a window: the rest waits in Node and in the socket.
      for (let i = 0; i < 100; i++) client.send(Buffer.alloc(20_000))
      for (let i = 0; i < 5000; i++) client.send('')
      client.close(4000)
      await openSocket(`${base}/go`)
      assert.deepEqual(await lastOf(python), { messages: 5100, bytes: 2_000_000, code: 4000 })
    })
  })

withPython('a client that does not read stops the sender, but no other client', app,
  async (python) => {
    await withSockets(python, async (base) => {
      const slow = await openSocket(`${base}/flood`)
      slow.pause()
      let sent = 0
      await eventually(async () => {
        const client = await openSocket(`${base}/sent`)
        await client.closed
        const now = Number(client.received[0])
        const settled = now === sent && now > 0
        sent = now
        assert.ok(settled)
      })
      assert.ok(sent < 200, `${sent} of 200 messages were sent`)
      slow.resume()
      await slow.closed
      assert.equal(slow.received.length, 200)
      assert.ok(slow.received.every((message) => message.length === 100_000))
    })
  })

withPython('send() raises an OSError when the client has disconnected', app, async (python) => {
  await withSockets(python, async (base) => {
    const client = await openSocket(`${base}/flood`)
    client.pause()
    setTimeout(() => client.terminate(), 50)
    const last = await lastOf(python)
    assert.equal(last.error, 'ClientDisconnected')
  })
})

withPython('messages of parallel tasks do not mix; a cancelled one is sent completely', app,
  async (python) => {
    await withSockets(python, async (base) => {
      const client = await openSocket(`${base}/parallel`)
      assert.deepEqual(await client.closed, [1000, ''])
      const letters = client.received.map((message) => {
        assert.equal(message, message[0].repeat(600_000))
        return message[0]
      })
      assert.deepEqual(letters, [...'abcdef'])
    })
  })

withPython('an invalid message raises an error that names what is wrong', app,
  async (python) => {
    const connection = await python.connect('/wrong')
    const { value } = await connection[Symbol.asyncIterator]().next()
    const errors = JSON.parse(value)
    const expected = [
      ['RuntimeError', 'websocket.accept', /got 'websocket\.send'/],
      ['ValueError', 'subprotocol', "'a b'"],
      ['ValueError', 'sec-websocket-protocol'],
      ['RuntimeError', 'websocket.send', 'websocket.close', /got 'websocket\.accept'/],
      ['ValueError', 'websocket.send', "'text'", "'bytes'"],
      ['ValueError', 'websocket.send', "'text'", "'bytes'"],
      ['TypeError', "'text'", 'str'],
      ['TypeError', "'bytes'", 'str'],
      ['UnicodeEncodeError'],
      ['ValueError', '1006'],
      ['TypeError', "'reason'", "['a list']"]
    ]
    assert.equal(errors.length, expected.length)
    for (const [i, facts] of expected.entries()) assertFacts(errors[i], facts)
  })

withPython('a client that leaves before accept is a disconnect, not an error', app,
  async (python) => {
    const errors = []
    python.on('app:error', (error) => errors.push(error))
    await withSockets(python, async (base) => {
      const client = new WebSocket(`${base}/waits`)
      client.on('error', () => {})
      await eventually(async () => assert.deepEqual(await logOf(python), ['asked']))
      client.terminate()
      await eventually(async () => assert.deepEqual((await logOf(python))[1],
        { type: 'websocket.disconnect', code: 1006, reason: '' }))
    })
    assert.deepEqual(errors, [])
  })

withPython('invalid handshakes get a 4xx and do not reach the app', app, async (python) => {
  const good = {
    Host: 'x',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ=='
  }
  const handshake = (changes, method = 'GET') =>
    `${method} /echo HTTP/1.1\n` + Object.entries({ ...good, ...changes })
      .filter(([, value]) => value !== null)
      .map(([name, value]) => `${name}: ${value}\n`).join('') +
    '\n'
  await withSockets(python, async (base) => {
    const status = async (text) => (await rawExchange(base, text)).slice(9, 12)
    assert.equal(await status(handshake({ 'Sec-WebSocket-Key': null })), '400')
    assert.equal(await status(handshake({ 'Sec-WebSocket-Key': 'short' })), '400')
    assert.equal(await status(handshake({}, 'POST')), '405')
    assert.equal(await status(handshake({ 'Sec-WebSocket-Protocol': 'a,,b' })), '400')
    const old = await rawExchange(base, handshake({ 'Sec-WebSocket-Version': '7' }))
    assert.match(old, /^HTTP\/1.1 (400|426) [^]*sec-websocket-version: 13/i)
    // A valid handshake with a message in the same packet.
    const { hostname, port } = new URL(base)
    const socket = connect(Number(port), hostname)
    socket.write(handshake({}).replaceAll('\n', '\r\n'))
    socket.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]))
    let answer = ''
    socket.setEncoding('latin1').on('data', (text) => { answer += text })
    await eventually(() => assert.match(answer, /^HTTP\/1.1 101 [^]*\r\n\r\n\x81.hi$/s))
    socket.destroy()
  })
})

withPython('a message longer than maxMessage closes with 1009',
  { ...app, websocket: { maxMessage: 1000 } }, async (python) => {
    await withSockets(python, async (base) => {
      const client = await openSocket(`${base}/echo`)
      client.send('x'.repeat(1000))
      await eventually(() => assert.equal(client.received.length, 1))
      client.send('x'.repeat(1001))
      assert.equal((await client.closed)[0], 1009)
    })
    const connection = await python.connect('/parallel')
    const [event] = await once(connection, 'close')
    assert.equal(event.code, 1009)
  })

withPython('websocket.compression enables permessage-deflate',
  { ...app, websocket: { compression: true } },
  async (python) => {
    await withSockets(python, async (base) => {
      const client = await openSocket(`${base}/echo`, [], { perMessageDeflate: true })
      assert.match(client.extensions, /permessage-deflate/)
      client.send('y'.repeat(500_000))
      await eventually(() => assert.deepEqual(client.received, ['y'.repeat(500_000)]))
      client.close()
      await client.closed
    })
  })

withPython('a client that does not answer pings is disconnected',
  { ...app, websocket: { pingInterval: 20, pingTimeout: 50 } }, async (python) => {
    await withSockets(python, async (base) => {
      const alive = await openSocket(`${base}/echo`)
      const deaf = await openSocket(`${base}/echo`, [], { autoPong: false })
      assert.equal((await deaf.closed)[0], 1006)
      assert.equal((await lastOf(python)).code, 1006)
      assert.equal(alive.readyState, WebSocket.OPEN)
      alive.close()
      await alive.closed
    })
  })

withPython('the sockets of a worker that dies close with 1011 at once', app, async (python) => {
  await withSockets(python, async (base) => {
    const bystander = await openSocket(`${base}/echo`)
    const client = await openSocket(`${base}/dies`)
    client.send('now')
    assert.deepEqual(await client.closed, [1011, ''])
    assert.deepEqual(await bystander.closed, [1011, ''])
    const again = await openSocket(`${base}/echo`)
    again.close()
    await again.closed
  })
})

leakTest('close() closes sockets with 1012, which the app sees', async () => {
  const python = startPython(app)
  const lines = []
  python.on('stdout', (line) => lines.push(line))
  await withSockets(python, async (base) => {
    const client = await openSocket(`${base}/stays`)
    const connection = await python.connect('/stays')
    const closed = once(connection, 'close')
    await eventually(() => assert.deepEqual(client.received, ['here']))
    await python.close()
    assert.deepEqual(await client.closed, [1012, ''])
    assert.equal((await closed)[0].code, 1012)
  })
  assert.deepEqual(lines, Array(2).fill('stays saw websocket.disconnect 1012'))
})

withPython('a reload closes sockets with 1012 when its timeout is over', app,
  async (python) => {
    await withSockets(python, async (base) => {
      const client = await openSocket(`${base}/echo`)
      await python.reload({ timeout: 300 })
      client.send('still here')
      await eventually(() => assert.deepEqual(client.received, ['still here']))
      assert.deepEqual(await client.closed, [1012, ''])
    })
  })

withPython('connect() opens a WebSocket without a network', app, async (python) => {
  const connection = await python.connect({
    url: 'wss://example.org/scope?x',
    protocols: ['chat'],
    headers: { 'x-probe': 'yes' }
  })
  assert.equal(connection.protocol, 'chat')
  assert.equal(connection.headers.get('x-accepted'), 'yes')
  const messages = []
  for await (const message of connection) messages.push(JSON.parse(message))
  assert.equal(messages.length, 1)
  assert.equal(messages[0].scheme, 'wss')
  assert.deepEqual(messages[0].server, ['example.org', 443])
  assert.equal(connection.readyState, connection.constructor.CLOSED)

  const echo = await python.connect('/echo')
  const received = []
  echo.onmessage = ({ data }) => received.push(data)
  echo.send('text')
  echo.send(new Uint8Array([1, 2]))
  await eventually(() => assert.deepEqual(received, ['text', Buffer.from([1, 2])]))
  echo.binaryType = 'arraybuffer'
  echo.send(Buffer.from('ab'))
  await eventually(() => assert.ok(received[2] instanceof ArrayBuffer))
  const closed = once(echo, 'close')
  echo.close(3001, 'enough')
  assert.equal((await closed)[0].code, 3001)
  await eventually(async () => assert.deepEqual((await logOf(python)).at(-1),
    { type: 'websocket.disconnect', code: 3001, reason: 'enough' }))
  assert.throws(() => echo.close(1011), { name: 'InvalidAccessError' })
  await assert.rejects(python.connect('/refuse'), { code: 'ERR_WEBSOCKET_REFUSED', status: 403 })
  await assert.rejects(python.connect('/raises_early'), { code: 'ERR_APP' })
  await assert.rejects(python.connect('ftp://x/'), { code: 'ERR_INVALID_URL' })
  await assert.rejects(python.connect('/waits', { timeout: 50 }), { code: 'ERR_REQUEST_TIMEOUT' })
})

withPython('a slow reader of connect() slows the app down and loses nothing', app,
  async (python) => {
    const connection = await python.connect('/flood')
    const count = async () => {
      const probe = await python.connect('/sent')
      return Number((await probe[Symbol.asyncIterator]().next()).value)
    }
    let before = -1
    await eventually(async () => {
      const now = await count()
      const settled = now === before && now > 0
      before = now
      assert.ok(settled)
    })
    assert.ok(before < 20, `${before} messages were sent without being read`)
    let messages = 0
    for await (const message of connection) {
      assert.equal(message.length, 100_000)
      messages++
    }
    assert.equal(messages, 200)
  })

withPython('an app error ends the iteration of connect()', app, async (python) => {
  const connection = await python.connect('/raises')
  connection.send('x')
  await assert.rejects(connection[Symbol.asyncIterator]().next(), { code: 'ERR_APP' })
})

withPython('open sockets do not count towards concurrency', { ...app, concurrency: 2 },
  async (python) => {
    const connections = await Promise.all(Array.from({ length: 10 }, () => python.connect('/echo')))
    assert.equal(python.stats().inFlight, 10)
    assert.equal((await python.handleRequest({ url: '/' })).status, 200)
    for (const connection of connections) connection.close()
    await eventually(() => assert.equal(python.stats().inFlight, 0))
  })

withPython('many sockets with messages of all sizes through the smallest rings',
  { ...app, workers: 2, requestRing: 256 * 1024, responseRing: 256 * 1024 }, async (python, t) => {
    const random = seeded(seedOf(t))
    await withSockets(python, async (base) => {
      await Promise.all(Array.from({ length: 12 }, async () => {
        const client = await openSocket(`${base}/echo`)
        const sent = []
        for (let i = 0; i < 40; i++) {
          const size = Math.floor(random() ** 6 * 900_000)
          const message = random() < 0.5 ? Buffer.alloc(size, i) : 'é'.repeat(size / 2)
          sent.push(message)
          client.send(message)
        }
        await eventually(() => assert.equal(client.received.length, sent.length), 20_000)
        assert.deepEqual(client.received, sent)
        client.close()
        await client.closed
      }))
    })
  })
