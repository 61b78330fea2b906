import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { describe, it } from 'node:test'

import { accessLogger, commonLogLine } from '../../../addon/lib/cli/access-log.js'

describe('commonLogLine', () => {
  const arrived = new Date('2025-01-02T03:04:05.678Z')

  it('has the fields of the common log format', () => {
    assert.equal(
      commonLogLine({ peer: '::1', arrived, request: 'GET /a?b HTTP/1.1', status: 200, bytes: 12 }),
      '::1 - - [02/Jan/2025:03:04:05 +0000] "GET /a?b HTTP/1.1" 200 12\n')
  })

  it('writes - for missing values', () => {
    assert.equal(commonLogLine({ arrived, request: 'GET / HTTP/1.1', bytes: 0 }),
      '- - - [02/Jan/2025:03:04:05 +0000] "GET / HTTP/1.1" - -\n')
  })

  it('keeps an entry on one line, whatever the URL contains', () => {
    const request = 'GET /"\\\n\u00e9 HTTP/1.1'
    const line = commonLogLine({ arrived, request, status: 1, bytes: 1 })
    assert.match(line, /"GET \/\\"\\\\\\x0a\\xe9 HTTP\/1.1" 1 1\n$/)
  })
})

describe('accessLogger', () => {
  /** Serves one request; returns what was logged. */
  async function logged (listener, options = {}) {
    const lines = []
    const wrote = Promise.withResolvers?.() ?? deferred()
    const server = createServer(accessLogger((line) => {
      lines.push(line)
      wrote.resolve()
    })).on('request', listener)
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
