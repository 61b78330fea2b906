/** Which host a request is for, and which pages may open a WebSocket. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import http2 from 'node:http2'

import { withPython } from '../support/harness.js'
import { openHttp2, request } from '../support/http2-frames.js'
import { openSocket, rawExchange, refusedSocket } from '../support/websocket.js'

const app = { appTarget: 'scope_app:app', lifespan: 'off' }
const sockets = { appTarget: 'websocket_app:app' }

/** Attaches a handler to a server while `run` runs, which gets the port. */
async function attached (python, server, run) {
  python.attach(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    await run(server.address().port)
  } finally {
    server.closeAllConnections?.()
    server.close()
  }
}

const status = async (port, headers) => {
  const answer = await rawExchange(`http://127.0.0.1:${port}`,
    `GET / HTTP/1.1\n${headers}Connection: close\n\n`)
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])
}

withPython('a request with two Host headers was accepted', app, async (python) => {
  await attached(python, createServer(), async (port) => {
    assert.equal(await status(port, 'Host: a\n'), 200)
    assert.equal(await status(port, 'Host: a\nHost: b\n'), 400)
    assert.equal(await status(port, 'Host: a\nhOST: a\n'), 400)
    assert.equal(await status(port, 'Host: a\nX-Other: 1\nx-other: 2\n'), 200)
    assert.equal(await status(port, 'X-Other: 1\nx-other: 2\n'), 400)
    assert.equal(python.stats().requests, 2)
  })
  const listening = createServer((req, res) => {
    req.headers['x-middleware'] = '1'
    python.listener(req, res)
  })
  await new Promise((resolve) => listening.listen(0, '127.0.0.1', resolve))
  assert.equal(await status(listening.address().port, 'Host: a\nHost: b\n'), 400)
  assert.equal(await status(listening.address().port, 'Host: a\n'), 200)
  listening.close()
})

withPython('a WebSocket with two Host headers was accepted', sockets, async (python) => {
  await attached(python, createServer(), async (port) => {
    const upgrade = 'Connection: upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n'
    const answer = await rawExchange(`http://127.0.0.1:${port}`,
      `GET /echo HTTP/1.1\nHost: a\nHost: b\n${upgrade}\n`)
    assert.match(answer, /^HTTP\/1\.1 400 /)
  })
})

/** The status that a server of node:http2 answers with to a request with these fields. */
async function statusOverHttp2 (port, fields) {
  const session = http2.connect(`http://127.0.0.1:${port}`)
  const stream = session.request({ ':path': '/', ...fields })
  const [head] = await once(stream, 'response')
  stream.resume()
  session.close()
  return head[':status']
}

withPython('a Host header that differs from :authority was ignored over HTTP/2', app,
  async (python) => {
    await attached(python, http2.createServer(), async (port) => {
      const ask = (fields) => statusOverHttp2(port, fields)
      assert.equal(await ask({ ':authority': 'a', host: 'b' }), 400)
      assert.equal(await ask({ ':authority': 'a', host: 'A' }), 200)
      assert.equal(await ask({ ':authority': 'a' }), 200)
      assert.equal(await ask({ ':authority': 'a', host: 'b', cookie: ['c=1', 'd=2'] }), 400)
      // nghttp2 refuses the stream.
      const socket = await openHttp2(port)
      socket.write(request(1, '/', { fields: { host: ['h', 'h'] } }))
      socket.end()
      await once(socket, 'close')
      assert.equal(python.stats().requests, 2)
    })
  })

withPython('allowedHosts: requests for other hosts get 421',
  { ...app, allowedHosts: ['Example.com', '*.example.org', '[::1]'] }, async (python) => {
    await attached(python, createServer(), async (port) => {
      for (const [host, expected] of [
        ['example.com', 200], ['EXAMPLE.com:8000', 200], ['a.example.org', 200], ['[::1]:80', 200],
        ['a.b.example.org', 200], ['example.org', 421], ['.example.org', 421],
        ['evilexample.org', 421], ['a.example.com', 421], ['example.com.evil', 421],
        ['example.com@evil', 421], ['example.com:80:90', 421], ['127.0.0.1', 421], ['', 421]
      ]) {
        assert.equal(await status(port, `Host: ${host}\n`), expected, host)
      }
      assert.equal(python.stats().requests, 5)
    })
    await attached(python, http2.createServer(), async (port) => {
      assert.equal(await statusOverHttp2(port, { ':authority': 'example.com' }), 200)
      assert.equal(await statusOverHttp2(port, { ':authority': 'example.net' }), 421)
    })
  })

withPython('allowedHosts: the host that a trusted proxy reports counts',
  {
    ...app,
    allowedHosts: ['example.com'],
    trustProxy: 'loopback',
    proxyHeaders: ['x-forwarded-host']
  }, async (python) => {
    await attached(python, createServer(), async (port) => {
      assert.equal(await status(port, 'Host: inner\nX-Forwarded-Host: example.com\n'), 200)
      assert.equal(await status(port, 'Host: example.com\nX-Forwarded-Host: evil\n'), 421)
    })
  })

withPython('the pages of any site could open a WebSocket', {
  ...sockets, websocket: { allowedOrigins: ['same-origin', 'https://app.example'] }
}, async (python) => {
  await attached(python, createServer(), async (port) => {
    const url = `ws://127.0.0.1:${port}/echo`
    for (const origin of [undefined, `http://127.0.0.1:${port}`, 'https://app.example',
      'HTTPS://APP.example']) {
      const client = await openSocket(url, [], { origin })
      client.close()
      await client.closed
    }
    for (const origin of ['https://evil.example', 'http://127.0.0.1', 'null', 'nonsense', '',
      'https://app.example.evil', 'http://app.example', 'https://app.example:444']) {
      const { status } = await refusedSocket(url, { headers: { origin } })
      assert.equal(status, 403, origin)
    }
  })
  await attached(python, http2.createServer(), async (port) => {
    const ask = async (origin) => {
      const session = http2.connect(`http://127.0.0.1:${port}`)
      await once(session, 'remoteSettings')
      const stream = session.request({
        ':method': 'CONNECT',
        ':protocol': 'websocket',
        ':path': '/echo',
        origin,
        'sec-websocket-version': '13'
      })
      const [head] = await once(stream, 'response')
      session.destroy()
      return head[':status']
    }
    assert.equal(await ask(`http://127.0.0.1:${port}`), 200)
    assert.equal(await ask('https://evil.example'), 403)
  })
})
