/** Responses of every kind, from fixtures/apps/kinds_app.py, and how they must arrive. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import { createGunzip, gunzipSync } from 'node:zlib'

import { eventually } from './harness.js'

export const LARGE = Array.from({ length: 40_000 },
  (_, i) => `line ${String(i).padStart(6, '0')} of a large text\n`).join('')

const ERROR_PAGE = 'Internal Server Error\n'

/** Serves a listener; an uncaught exception fails the test. */
export async function serving (listener, run) {
  const uncaught = []
  process.setUncaughtExceptionCaptureCallback((error) => uncaught.push(error))
  const server = http.createServer(listener)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    await run(server.address().port)
  } finally {
    server.closeAllConnections()
    server.close()
    process.setUncaughtExceptionCaptureCallback(null)
  }
  assert.deepEqual(uncaught, [])
}

export async function ask (port, path, { method = 'GET', headers = {}, body } = {}) {
  const request = http.request({
    port, path, method, host: '127.0.0.1', headers: { 'accept-encoding': 'gzip', ...headers }
  })
  request.end(body)
  const [response] = await once(request, 'response')
  const chunks = []
  let failure = null
  try {
    for await (const chunk of response) chunks.push(chunk)
  } catch (error) {
    failure = error
  }
  let content = Buffer.concat(chunks)
  if (failure === null && response.headers['content-encoding'] === 'gzip' && content.length > 0) {
    content = gunzipSync(content)
  }
  return { status: response.statusCode, headers: response.headers, text: String(content), failure }
}

/**
 * Waits for the first events of a stream that does not end, then leaves. The server notices at
 * once, unlike with a connection that is closed (half-close.test.js).
 */
async function firstEvents (port, path) {
  const request = http.get({
    port, path, host: '127.0.0.1', headers: { 'accept-encoding': 'gzip' }
  })
  const [response] = await once(request, 'response')
  response.on('error', () => {})
  const isZipped = response.headers['content-encoding'] === 'gzip'
  const source = isZipped ? response.pipe(createGunzip()) : response
  let text = ''
  for await (const chunk of source) {
    text += chunk
    if (!text.includes('data: 2')) continue
    response.socket.resetAndDestroy()
    break
  }
  return text
}

/**
 * Asks for responses of every kind, and checks that nothing in between has spoiled them.
 * @param {import('../../addon/lib/index.js').PythonHandler} python
 * @param {number} port
 * @param {string} [prefix] of all paths
 * @param {string} [errorText] the body when the application has failed
 */
export async function checkKinds (python, port, prefix = '', errorText = ERROR_PAGE) {
  const small = await ask(port, `${prefix}/small`)
  assert.deepEqual([small.status, small.text, small.failure], [200, 'small', null])
  assert.equal(small.headers['content-type'], 'text/plain')
  for (const kind of ['large', 'pieces', 'file']) {
    const { status, text, failure } = await ask(port, `${prefix}/${kind}`)
    assert.deepEqual([status, text === LARGE, failure], [200, true, null], kind)
  }
  assert.match(await firstEvents(port, `${prefix}/events`), /data: 0[^]*data: 2/)
  const head = await ask(port, `${prefix}/large`, { method: 'HEAD' })
  assert.deepEqual([head.status, head.text, head.failure], [200, '', null])
  const unchanged = await ask(port, `${prefix}/304`)
  assert.deepEqual([unchanged.status, unchanged.text], [304, ''])
  assert.equal(unchanged.headers.etag, '"1"')
  const error = await ask(port, `${prefix}/error`)
  assert.deepEqual([error.status, error.text], [500, errorText])
  // The middleware may still hold everything back at that time.
  const late = await ask(port, `${prefix}/late-error`).catch((failure) => ({ failure }))
  assert.equal(late.failure?.code, 'ECONNRESET', 'half a response looked complete')
  const slow = http.get({ port, path: `${prefix}/pieces`, host: '127.0.0.1' })
  const [response] = await once(slow, 'response')
  response.on('error', () => {})
  response.once('data', () => slow.destroy())
  await eventually(() => assert.equal(python.stats().inFlight, 0))
}
