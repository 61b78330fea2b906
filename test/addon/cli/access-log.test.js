import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { describe, it } from 'node:test'

import {
  AccessLog, combinedLogLine, commonLogLine, jsonLogLine
} from '../../../addon/lib/cli/access-log.js'

const arrived = new Date('2025-01-02T03:04:05.678Z')
const ENTRY = {
  peer: '::1',
  arrived,
  method: 'GET',
  url: '/a?b',
  httpVersion: '1.1',
  status: 200,
  bytes: 12,
  duration: 5.00049
}

describe('commonLogLine', () => {
  it('has the fields of the common log format', () => {
    assert.equal(commonLogLine(ENTRY),
      '::1 - - [02/Jan/2025:03:04:05 +0000] "GET /a?b HTTP/1.1" 200 12\n')
  })

  it('writes - for missing values', () => {
    assert.equal(commonLogLine({ ...ENTRY, peer: undefined, status: undefined, bytes: 0 }),
      '- - - [02/Jan/2025:03:04:05 +0000] "GET /a?b HTTP/1.1" - -\n')
  })

  it('keeps an entry on one line, whatever the URL contains', () => {
    const line = commonLogLine({ ...ENTRY, url: '/"\\\n\u00e9' })
    assert.match(line, /"GET \/\\"\\\\\\x0a\\xe9 HTTP\/1.1" 200 12\n$/)
  })
})

describe('combinedLogLine', () => {
  it('adds referer and user agent, in quotes that they cannot end', () => {
    assert.equal(combinedLogLine({ ...ENTRY, agent: 'a" "b\n' }),
      '::1 - - [02/Jan/2025:03:04:05 +0000] "GET /a?b HTTP/1.1" 200 12 "-" "a\\" \\"b\\x0a"\n')
  })
})

describe('jsonLogLine', () => {
  it('has the times of the queue and of Python', () => {
    const record = {
      queued: 1.5,
      sentAt: 100,
      endedAt: 102.25,
      worker: 3,
      retries: 1,
      client: { address: '192.0.2.1' }
    }
    assert.deepEqual(JSON.parse(jsonLogLine({ ...ENTRY, record, agent: 'curl' })), {
      time: '2025-01-02T03:04:05.678Z',
      peer: '::1',
      client: '192.0.2.1',
      method: 'GET',
      url: '/a?b',
      protocol: 'HTTP/1.1',
      status: 200,
      bytes: 12,
      duration_ms: 5,
      queue_ms: 1.5,
      python_ms: 2.25,
      worker: 3,
      retries: 1,
      referer: null,
      user_agent: 'curl'
    })
  })

  it('knows requests that no worker got, and those that the handler has not seen', () => {
    const refused = { queued: 7, sentAt: 0, endedAt: 9, worker: 0, retries: 0, client: null }
    const { python_ms: python, queue_ms: queue, worker } =
      JSON.parse(jsonLogLine({ ...ENTRY, record: refused }))
    assert.deepEqual([python, queue, worker], [0, 7, null])
    assert.equal(JSON.parse(jsonLogLine({ ...ENTRY, record: undefined })).queue_ms, null)
  })
})

describe('AccessLog', () => {
  /** Serves one request; returns what was logged. */
  async function logged (listener, options = {}) {
    const lines = []
    const wrote = Promise.withResolvers?.() ?? deferred()
    const log = new AccessLog('common', (line) => {
      lines.push(line)
      wrote.resolve()
    })
    const server = createServer((req, res) => log.onRequest(req, res)).on('request', listener)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const client = request({ port: server.address().port, host: '127.0.0.1', ...options })
    client.on('response', (response) => response.resume())
    client.on('error', () => {})
    client.end()
    await wrote.promise
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
    assert.equal(lines.length, 1)
    return lines[0]
  }

  function deferred () {
    const result = {}
    result.promise = new Promise((resolve) => { result.resolve = resolve })
    return result
  }

  it('counts the bytes of the body, not of the head', async () => {
    const line = await logged((req, res) => {
      res.writeHead(201)
      res.write('\u00e9')
      res.write(Buffer.from('abc'))
      res.end('616263', 'hex')
    }, { path: '/x?y=1', method: 'POST' })
    assert.match(line, /^127\.0\.0\.1 - - \[[^\]]+\] "POST \/x\?y=1 HTTP\/1\.1" 201 8\n$/)
  })

  it('counts no body for HEAD', async () => {
    const line = await logged((req, res) => { res.end('unseen') }, { method: 'HEAD' })
    assert.match(line, /"HEAD \/ HTTP\/1\.1" 200 -\n$/)
  })

  it('logs a connection that is closed before there is a response', async () => {
    const line = await logged((req, res) => { res.destroy() })
    assert.match(line, /"GET \/ HTTP\/1\.1" - -\n$/)
  })
})
