/** Buffers that a client has been sent are used again, and must not be before. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

import { makeCertificate } from '../support/certificate.js'
import { withPython, withServer } from '../support/harness.js'

const CHUNK = 64 * 1024
const COUNT = 100
const PATHS = ['chunks', 'file'].map((source) => `/${source}?n=${COUNT}&size=${CHUNK}`)

/** Reads a response and checks every byte; `pause` milliseconds after each 256 KiB or so. */
async function download (request, pause) {
  const [response] = await once(request, 'response')
  let received = 0
  let since = 0
  for await (const piece of response) {
    for (let from = 0; from < piece.length;) {
      const at = received + from
      const size = Math.min(CHUNK - at % CHUNK, piece.length - from)
      const letter = 97 + Math.floor(at / CHUNK) % 26
      assert.ok(piece.subarray(from, from + size).every((byte) => byte === letter),
        `other bytes than the application sent, from byte ${at} on`)
      from += size
    }
    received += piece.length
    since += piece.length
    if (pause > 0 && since > 4 * CHUNK) {
      since = 0
      await sleep(pause)
    }
  }
  assert.equal(received, COUNT * CHUNK)
}

/** Clients of any speed at the same time, of which some leave. */
async function downloads (ask) {
  const leaver = ask()
  const [response] = await once(leaver, 'response')
  await once(response, 'data')
  leaver.destroy()
  await Promise.all([0, 1, 0, 5, 0, 2].map((pause) => download(ask(), pause)))
}

const options = { appTarget: 'stream_app:app' }

withPython('each client gets its own bytes', options, async (python) => {
  await withServer(python.listener, async (url) => {
    for (const path of PATHS) await downloads(() => http.get(url + path))
  })
})

withPython('each client gets its own bytes over TLS', options, async (python) => {
  const folder = mkdtempSync(join(tmpdir(), 'node-asgi-test-'))
  const { cert, key } = makeCertificate(folder)
  const server = https.createServer({ cert: readFileSync(cert), key: readFileSync(key) },
    python.listener).listen(0, '127.0.0.1')
  rmSync(folder, { recursive: true })
  await once(server, 'listening')
  const { port } = server.address()
  for (const path of PATHS) {
    await downloads(() => https.get({
      port, host: '127.0.0.1', path, rejectUnauthorized: false, agent: false
    }))
  }
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

const errors = []
const logger = { debug () {}, info () {}, warn () {}, error: (text) => errors.push(text) }

withPython('a client that left during a file was logged as an error', { ...options, logger },
  async (python) => {
    await withServer(python.listener, async (url) => {
      for (let i = 0; i < 10; i++) {
        const socket = connect(new URL(url).port, '127.0.0.1')
        socket.write(`GET ${PATHS[1]} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
        await once(socket, 'data')
        socket.pause()
        await sleep(20)
        if (i % 2 === 0) socket.destroy()
        else socket.resetAndDestroy()
        await once(socket, 'close')
      }
      await download(http.get(url + PATHS[1]), 0)
    })
    assert.deepEqual(errors, [])
  })

// The other end of such a connection has the very Buffers that were written, and may keep them.
withPython('a connection within the process gets Buffers of its own', options, async (python) => {
  for (const path of PATHS) {
    const server = http.createServer(python.listener)
    const [ours, theirs] = duplexPair()
    const pieces = []
    theirs.on('data', (piece) => pieces.push(piece))
    server.emit('connection', ours)
    theirs.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
    await once(theirs, 'end')
    const text = Buffer.concat(pieces).toString('latin1')
    const letters = text.replaceAll(/[^a-z]/g, '').slice(-COUNT * CHUNK)
    for (let i = 0; i < COUNT; i++) {
      const letter = String.fromCharCode(97 + i % 26)
      assert.equal(letters.slice(i * CHUNK, (i + 1) * CHUNK), letter.repeat(CHUNK),
        `${path}: chunk ${i}`)
    }
  }
})

/** Two ends of a connection that hand each other what is written, as stream.duplexPair() does. */
function duplexPair () {
  const ends = []
  for (const other of [1, 0]) {
    ends.push(new Duplex({
      read () {},
      write (chunk, encoding, done) {
        ends[other].push(chunk)
        process.nextTick(done)
      },
      final (done) {
        ends[other].push(null)
        done()
      }
    }))
  }
  return ends
}
