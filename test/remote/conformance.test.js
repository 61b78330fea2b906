/**
 * The same list of behaviours for the local pool and for every server that a handler can be told to
 * use instead. What differs between them is in the table of traits.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, request } from 'node:http'
import { after, before, describe, it } from 'node:test'

import { LIMIT, eventually, startPython, withServer } from '../support/harness.js'
import { openSocket, refusedSocket, withSockets } from '../support/websocket.js'
import { SERVERS, startServer } from './servers.js'

/** What a server does in its own way. */
const TRAITS = {
  local: { trailers: true, forwards: false },
  'node-asgi': { trailers: true, forwards: true },
  uvicorn: { trailers: false, forwards: true },
  gunicorn: { trailers: false, forwards: true },
  granian: { trailers: false, forwards: true }
}

let lastName = 0
const unique = () => `n${++lastName}`

for (const kind of ['local', ...SERVERS]) {
  describe(`conformance: ${kind}`, () => {
    const traits = TRAITS[kind]
    const test = (name, run) => it(name, { timeout: LIMIT }, run)
    let python
    let server

    before(async () => {
      if (kind !== 'local') server = await startServer(kind)
      python = startPython({ appTarget: 'remote_app:app', remote: server?.url })
      await python.ready
    })

    after(async () => {
      await python.close()
      await server?.kill()
    })

    const seen = async (name) => (await python.handleRequest({ url: `/seen?name=${name}` })).json()

    test('a request arrives as it was sent', async () => {
      const response = await python.handleRequest({
        method: 'POST',
        url: '/a%20b/ü?q=1%202&q=%2F',
        headers: { 'content-type': 'application/x-test', 'x-twice': ['1', '2'] },
        body: 'grüße'
      })
      assert.equal(response.status, 200)
      const { method, path, raw_path: raw, query, size, headers } = response.json()
      assert.deepEqual({ method, path, raw, query, size },
        { method: 'POST', path: '/a b/ü', raw: '/a%20b/%C3%BC', query: 'q=1%202&q=%2F', size: 7 })
      assert.deepEqual(headers.filter(([name]) => name === 'x-twice').map(([, value]) => value)
        .join().replaceAll(' ', ''), '1,2')
      assert.ok(headers.some(([name, value]) => name === 'content-length' && value === '7'))
    })

    test('fetch() reads JSON, and has the status and headers', async () => {
      const response = await python.fetch('/status?code=418')
      assert.equal(response.status, 418)
      assert.equal(response.headers.get('x-code'), '418')
      assert.equal(await response.text(), 'body')
    })

    test('a body in pieces goes both ways at the same time', async () => {
      const body = (async function * () {
        yield 'one'
        for (const piece of ['more', 'more', 'more']) yield await piece
      })()
      const response = await python.handleStream({ method: 'POST', url: '/echo', body })
      let text = ''
      for await (const piece of response) text += piece
      assert.equal(text, 'onemoremoremore')
    })

    test('a large body arrives complete, up and down', async () => {
      const size = 3_000_001
      const up = await python.handleRequest({ method: 'PUT', url: '/x', body: Buffer.alloc(size) })
      assert.equal(up.json().size, size)
      const down = await python.handleRequest({ url: `/big?size=${size}` })
      assert.equal(down.body.length, size)
    })

    test('event streams arrive piece by piece', async () => {
      const response = await python.fetch('/events')
      assert.match(response.headers.get('content-type'), /^text\/event-stream/)
      const pieces = []
      for await (const piece of response.body) pieces.push(Buffer.from(piece).toString())
      assert.equal(pieces.join(''), 'data: 0\n\ndata: 1\n\ndata: 2\n\n')
      assert.ok(pieces.length > 1)
    })

    test('HEAD, 204 and 304 have no body', async () => {
      const head = await python.handleRequest({ method: 'HEAD', url: '/length' })
      assert.equal(head.headers.get('content-length'), '5')
      assert.equal(head.body.length, 0)
      for (const code of [204, 304]) {
        const response = await python.handleRequest({ url: `/status?code=${code}` })
        assert.equal(response.status, code)
        assert.equal(response.body.length, 0)
      }
    })

    test('headers with the same name stay apart', async () => {
      const { headers } = await python.handleRequest({ url: '/cookies' })
      assert.deepEqual(headers.getSetCookie(), ['a=1', 'b=2'])
    })

    test('a slow reader stops the application', async () => {
      const name = unique()
      const response = await python.handleStream({ url: `/endless?name=${name}` })
      response.body.once('data', () => response.body.pause())
      let last = -1
      await eventually(async () => {
        const { sent } = await seen(name)
        const isStill = sent === last
        last = sent
        await new Promise((resolve) => setTimeout(resolve, 100))
        assert.ok(isStill && sent > 0, 'the application still sends')
      }, 15_000)
      response.body.destroy()
      await eventually(async () => assert.equal((await seen(name)).ended, true))
    })

    test('an application that does not read stops the sender', async () => {
      const name = unique()
      let read = 0
      const total = 400
      const body = (async function * () {
        for (; read < total; read++) yield Buffer.alloc(65536)
      })()
      const response = python.handleRequest({ method: 'POST', url: `/unread?name=${name}`, body })
      let last = -1
      await eventually(async () => {
        const isStill = read === last && read > 0
        last = read
        await new Promise((resolve) => setTimeout(resolve, 100))
        assert.ok(isStill, 'the body is still being read')
      }, 15_000)
      assert.ok(read < total, 'the whole body was read')
      await python.handleRequest({ url: `/go?name=${name}` })
      assert.equal((await response).body.toString(), String(total * 65536))
    })

    test('the application learns that a request was aborted', async () => {
      const name = unique()
      const controller = new AbortController()
      const response = python.handleRequest({ url: `/slow?name=${name}` },
        { signal: controller.signal })
      await eventually(async () => assert.equal((await seen(name)).started, true))
      controller.abort(new Error('enough'))
      await assert.rejects(response, { message: 'enough' })
      await eventually(async () => assert.equal((await seen(name)).ended, true))
    })

    test('a request that takes too long fails with ERR_REQUEST_TIMEOUT', async () => {
      await assert.rejects(python.handleRequest({ url: `/slow?name=${unique()}` }, { timeout: 50 }),
        { code: 'ERR_REQUEST_TIMEOUT' })
    })

    test('a response that breaks off is an error', async () => {
      await assert.rejects(python.handleRequest({ url: '/broken' }), (error) => {
        assert.match(error.code, /^ERR_(APP|REMOTE_LOST|REMOTE_PROTOCOL)$/)
        return true
      })
    })

    test('what cannot be sent fails with the same codes', async () => {
      for (const [wrong, code] of [
        [{ url: '/ x' }, 'ERR_INVALID_URL'],
        [{ url: '/', headers: { 'x y': '1' } }, 'ERR_INVALID_HEADER'],
        [{ url: '/', headers: { x: 'a\r\nb: c' } }, 'ERR_INVALID_HEADER'],
        [{ url: '/', method: 'G ET' }, 'ERR_INVALID_METHOD'],
        [{ url: '/', headers: { x: 'y'.repeat(600_000) } }, 'ERR_HEADERS_TOO_LARGE']
      ]) {
        await assert.rejects(python.handleRequest(wrong), { code })
      }
    })

    test('trailers arrive where the server has them', async () => {
      const { body, trailers } = await python.handleRequest({
        url: '/trailers', headers: { te: 'trailers' }
      })
      if (traits.trailers) assert.equal(trailers?.get('x-sum'), '4')
      else assert.equal(body.toString(), 'no trailers')
    })

    test('a server passes requests on, with the client and the host', async () => {
      await withServer(python.listener, async (base) => {
        const [response] = await once(get(`${base}/who`, {
          headers: { 'x-forwarded-for': '6.6.6.6', connection: 'x-private', 'x-private': '1' }
        }), 'response')
        let text = ''
        for await (const piece of response) text += piece
        const fields = Object.fromEntries(JSON.parse(text).headers)
        assert.equal(fields.host, base.slice('http://'.length))
        if (!traits.forwards) return
        assert.equal(fields['x-forwarded-for'], '127.0.0.1')
        assert.equal(fields['x-forwarded-proto'], 'http')
        assert.equal(fields['x-private'], undefined)
      })
    })

    test('a client that waits for 100 Continue gets it', async () => {
      await withServer(undefined, async (base, server) => {
        python.attach(server)
        const sent = request(`${base}/x`, {
          method: 'POST', headers: { expect: '100-continue', 'content-length': 4 }
        })
        sent.flushHeaders()
        sent.once('continue', () => sent.end('body'))
        const [response] = await once(sent, 'response')
        let text = ''
        for await (const piece of response) text += piece
        assert.equal(JSON.parse(text).size, 4)
      })
    })

    test('a client that goes away is noticed', async () => {
      const name = unique()
      await withServer(python.listener, async (base) => {
        const sent = get(`${base}/slow?name=${name}`)
        sent.on('error', () => {})
        await eventually(async () => assert.equal((await seen(name)).started, true))
        sent.destroy()
        await eventually(async () => assert.equal((await seen(name)).ended, true))
      })
    })

    test('connect() exchanges text and bytes, and closes with a code', async () => {
      const socket = await python.connect({ url: '/ws', protocols: ['chat'] })
      assert.equal(socket.protocol, 'chat')
      const messages = socket[Symbol.asyncIterator]()
      for (const message of ['grüße', Buffer.from([0, 255]), '', Buffer.alloc(300_000, 'z')]) {
        socket.send(message)
        assert.deepEqual((await messages.next()).value, message)
      }
      socket.close(4001, 'bye')
      await eventually(async () => assert.equal((await seen('ws'))?.code, 4001))
    })

    test('the application closes a WebSocket with its code and reason', async () => {
      const socket = await python.connect('/ws/close?code=4002')
      const [event] = await once(socket, 'close')
      assert.deepEqual([event.code, event.reason], [4002, 'because'])
    })

    test('the application refuses a WebSocket', async () => {
      await assert.rejects(python.connect('/ws/refuse'),
        { code: 'ERR_WEBSOCKET_REFUSED', status: 403 })
    })

    test('WebSockets of clients on the network are passed on', async () => {
      await withSockets(python, async (base) => {
        const client = await openSocket(`${base}/ws`, ['chat'])
        assert.equal(client.protocol, 'chat')
        client.send('hello')
        client.send(Buffer.from('bytes'))
        await eventually(() => assert.deepEqual(client.received, ['hello', Buffer.from('bytes')]))
        client.close(1000)
        await client.closed
        assert.equal((await refusedSocket(`${base}/ws/refuse`)).status, 403)
      })
    })

    test('nothing is left in flight', async () => {
      await eventually(() => assert.equal(python.stats().inFlight, 0))
      if (kind === 'local') return
      const [endpoint] = python.stats().endpoints
      assert.equal(endpoint.state, 'up')
      assert.equal(endpoint.requests,
        endpoint.answered + endpoint.failed + endpoint.aborted + endpoint.lost)
    })
  })
}
