import assert from 'node:assert/strict'
import { once } from 'node:events'
import { ServerResponse, createServer, request } from 'node:http'
import { connect } from 'node:net'
import { afterEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { joinHead, writePiece } from '../../../addon/lib/http/response-writer.js'

/** @type {import('node:http').Server} */
let server
afterEach(() => { server.closeAllConnections(); server.close() })

/** @returns {Promise<number>} the port of a server that answers with `respond` */
async function serve (respond) {
  server = createServer(respond).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server.address().port
}

async function get (port, method = 'GET') {
  const req = request({ port, method, host: '127.0.0.1' }).end()
  const [res] = await once(req, 'response')
  let body = ''
  for await (const piece of res.setEncoding('latin1')) body += piece
  return body
}

test('pieces of every length arrive whole, in order, mixed with other writes', async () => {
  const lengths = [1, 9, 10, 15, 16, 17, 255, 256, 4095, 4096, 60_000]
  const pieces = lengths.map((length, i) => String.fromCharCode(97 + i).repeat(length))
  const port = await serve(async (req, res) => {
    res.write('head,')
    for (const piece of pieces) {
      writePiece(res, piece)
      writePiece(res, Buffer.from('|'))
      if (piece.length % 2 === 0) await sleep(1)
      writePiece(res, 'é\n')
      res.write('+')
    }
    res.end('end')
  })
  assert.equal(await get(port), `head,${pieces.map((piece) => `${piece}|é\n+`).join('')}end`)
})

test('a response to HEAD gets no body, even if its head announces chunks', async () => {
  const port = await serve((req, res) => {
    res.writeHead(200, { 'transfer-encoding': 'chunked' })
    res.flushHeaders()
    writePiece(res, 'nothing')
    res.end()
  })
  const socket = connect(port, '127.0.0.1').setEncoding('latin1')
  socket.write('HEAD / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
  let text = ''
  for await (const piece of socket) text += piece
  assert.match(text, /\r\n\r\n$/)
})

test('a slow reader stops the writer, and drain starts it again', async () => {
  let written = 0
  let stops = 0
  const port = await serve(async (req, res) => {
    res.write('x')
    for (let i = 0; i < 3000; i++) {
      written += 1000
      if (writePiece(res, 'y'.repeat(1000))) continue
      stops++
      await once(res, 'drain')
    }
    res.end()
  })
  assert.equal((await get(port)).length, written + 1)
  assert.ok(stops > 0)
})

test('the pieces of one turn are sent together', async () => {
  let calls = 0
  const port = await serve(async (req, res) => {
    res.write('x')
    await sleep(10)
    const { _handle: handle } = res.socket
    for (const name of ['writev', 'writeLatin1String', 'writeBuffer']) {
      const original = handle[name]
      handle[name] = function (...args) {
        calls++
        return original.apply(this, args)
      }
    }
    for (let i = 0; i < 5; i++) writePiece(res, 'abc')
    await sleep(10)
    assert.equal(calls, 1)
    res.end()
  })
  assert.equal(await get(port), `x${'abc'.repeat(5)}`)
})

test('the head of a stream took thirty strings for as long as the stream lasted', () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc')
  const used = () => {
    collectGarbage()
    return process.memoryUsage().heapUsed
  }
  const headers = Array.from({ length: 6 }, (_, i) => [`x-header-${i}`, 'a value']).flat()
  const responses = Array.from({ length: 1000 }, () => {
    const response = new ServerResponse({ method: 'GET', httpVersionMajor: 1, httpVersionMinor: 1 })
    response.writeHead(200, headers)
    return response
  })
  const before = used()
  responses.forEach(joinHead)
  const saved = (before - used()) / responses.length
  assert.ok(saved > 300, `${saved} bytes of each`)
  assert.ok(responses.every((response) => response.headersSent))
})
