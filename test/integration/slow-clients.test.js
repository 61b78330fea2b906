/** Clients that send slowly, or too much, and what they may not keep others from. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import http2 from 'node:http2'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { eventually, withPython } from '../support/harness.js'

const app = { appTarget: 'connections_app:app' }

/** Serves with a handler while `run` runs, which gets a function that opens raw connections. */
async function attached (python, run, server = createServer()) {
  python.attach(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address()
  const sockets = []
  const open = (text) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(text)
    sockets.push(socket)
    return socket
  }
  try {
    await run({ port, base: `http://127.0.0.1:${port}`, open })
  } finally {
    for (const socket of sockets) socket.destroy()
    server.closeAllConnections?.()
    server.close()
  }
}

const head = (path, more) => `POST ${path} HTTP/1.1\r\nHost: h\r\n${more}\r\n`

const answer = async (socket) => Buffer.concat(await socket.toArray()).toString()

for (const [kind, text] of Object.entries({
  'small bodies': head('/echo', 'Content-Length: 10\r\n') + 'abc',
  'bodies of unknown length': head('/echo', 'Transfer-Encoding: chunked\r\n') + '3\r\nabc\r\n',
  'long bodies': head('/echo', 'Content-Length: 1000000\r\n') + 'abc',
  'bodies that wait for 100 Continue':
    head('/echo', 'Content-Length: 1000000\r\nExpect: 100-continue\r\n')
})) {
  withPython(`clients with slow ${kind} occupied every place`,
    { ...app, concurrency: 10, maxQueue: 20 }, async (python) => {
      await attached(python, async ({ base, open }) => {
        for (let i = 0; i < 40; i++) open(text)
        await sleep(300)
        const get = async () => {
          const response = await fetch(`${base}/quick`)
          return [response.status, await response.text()]
        }
        const post = async () => {
          const response = await fetch(`${base}/echo`, { method: 'POST', body: 'x'.repeat(1000) })
          return [response.status, (await response.json()).body.length]
        }
        const answers = await Promise.all(
          Array.from({ length: 15 }, (_, i) => i % 2 ? get() : post()))
        for (const [i, given] of answers.entries()) {
          assert.deepEqual(given, i % 2 ? [200, '</quick>'] : [200, 1000])
        }
        assert.ok(python.stats().inFlight <= 5, `${python.stats().inFlight} in flight`)
      })
      await eventually(() => assert.equal(python.stats().inFlight, 0))
    })
}

withPython('an upload that had no place gets one when another has arrived, or left',
  { ...app, concurrency: 2 }, async (python) => {
    await attached(python, async ({ open }) => {
      const fields = 'Transfer-Encoding: chunked\r\nConnection: close\r\n'
      const text = head('/echo', fields) + '1\r\na\r\n'
      const [first, second, third, fourth] = [1, 2, 3, 4].map(() => open(text))
      await eventually(() => assert.equal(python.stats().inFlight, 1))
      second.destroy()
      fourth.write('0\r\n\r\n')
      first.write('0\r\n\r\n')
      assert.match(await answer(first), /"body": "a"/)
      third.write('0\r\n\r\n')
      assert.match(await answer(third), /"body": "a"/)
      assert.match(await answer(fourth), /"body": "a"/)
      await eventually(() => assert.equal(python.stats().inFlight, 0))
    })
  })

withPython('a request that waits for its body times out, and ends with the handler',
  { ...app, timeouts: { request: 300 } }, async (python) => {
    await attached(python, async ({ open }) => {
      assert.match(await answer(open(head('/echo', 'Content-Length: 3\r\n') + 'a')),
        /^HTTP\/1\.1 504 /)
    })
  })

withPython('close() refused a small body of which a part had arrived', app, async (python) => {
  await attached(python, async ({ open }) => {
    const socket = open(head('/echo', 'Content-Length: 3\r\nConnection: close\r\n') + 'a')
    await sleep(200)
    const closing = python.close()
    socket.write('bc')
    assert.match(await answer(socket), /^HTTP\/1\.1 200 [^]*"body": "abc"/)
    await closing
  })
})

withPython('a request that waits for its body ends with the handler', app, async (python) => {
  await attached(python, async ({ open }) => {
    const socket = open(head('/echo', 'Content-Length: 3\r\n') + 'a')
    await sleep(200)
    const [text] = await Promise.all([answer(socket), python.close({ timeout: 100 })])
    assert.match(text, /^HTTP\/1\.1 503 /)
  })
})

withPython('bodies of known and unknown length may take for ever unless there is a minimum rate',
  { ...app, minBodyRate: 1000 }, async (python) => {
    await attached(python, async ({ open }) => {
      await Promise.all([['Content-Length: 100000\r\n', 'a'],
        ['Transfer-Encoding: chunked\r\n', '1\r\na\r\n']].map(async ([fields, piece]) => {
        const socket = open(head('/echo', fields))
        const timer = setInterval(() => socket.write(piece), 500)
        assert.match(await answer(socket), /^HTTP\/1\.1 408 /)
        clearInterval(timer)
      }))
      await eventually(() => assert.equal(python.stats().inFlight, 0))
    })
  })

withPython('the minimum rate spares bodies that the application does not read, and full duplex',
  { appTarget: 'duplex_app:app', minBodyRate: 1_000_000 }, async (python) => {
    await attached(python, async ({ port }) => {
      const options = { port, method: 'POST', agent: false }
      const slow = request({ ...options, path: '/deaf' })
      slow.end('x'.repeat(1_000_000))
      const answered = once(slow, 'response')
      const duplex = request({ ...options, path: '/echo' })
      duplex.flushHeaders()
      const [response] = await once(duplex, 'response')
      response.setEncoding('utf8')
      for (let i = 0; i < 4; i++) {
        await sleep(3500)
        duplex.write(`<${i}>`)
        assert.equal((await once(response, 'data'))[0], `<${i}>`)
      }
      duplex.end()
      await once(response, 'end')
      const [late] = await answered
      assert.equal((await late.setEncoding('utf8').toArray()).join(''), '1000000')
    })
  })

withPython('a body could be of any length', { ...app, maxBody: 1000 }, async (python) => {
  await attached(python, async ({ base, open }) => {
    const post = async (body) => {
      const response = await fetch(`${base}/echo`, { method: 'POST', body })
      await response.text()
      return response.status
    }
    assert.equal(await post('x'.repeat(1000)), 200)
    assert.equal(await post('x'.repeat(1001)), 413)
    const chunk = (size) => `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`
    const chunked = head('/echo', 'Transfer-Encoding: chunked\r\nConnection: close\r\n')
    assert.match(await answer(open(`${chunked}${chunk(500)}${chunk(500)}0\r\n\r\n`)), /1\.1 200 /)
    assert.match(await answer(open(`${chunked}${chunk(500)}${chunk(501)}`)), /1\.1 413 /)
    assert.equal((await python.handleRequest(
      { method: 'POST', url: '/echo', body: 'x'.repeat(2000) })).status, 200)
  })
  await attached(python, async ({ base }) => {
    const session = http2.connect(base)
    const status = async (length, fields) => {
      const stream = session.request({ ':method': 'POST', ':path': '/echo', ...fields })
      stream.on('error', () => {})
      const answered = once(stream, 'response')
      stream.end('x'.repeat(length))
      const [head] = await answered
      stream.resume()
      return head[':status']
    }
    assert.equal(await status(1000), 200)
    assert.equal(await status(1001), 413)
    assert.equal(await status(1001, { 'content-length': 1001 }), 413)
    session.destroy()
  }, http2.createServer())
})
