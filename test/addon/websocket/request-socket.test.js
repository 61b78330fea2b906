import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Request } from '../../../addon/lib/index.js'
import { openRequestSocket } from '../../../addon/lib/websocket/request-socket.js'

/** What connect() is given for a request. */
async function asked (request) {
  const stop = new Error('asked')
  let given
  await assert.rejects(openRequestSocket(request, async (options) => {
    given = options
    throw stop
  }), (error) => error === stop)
  return given
}

test('the prefix of a request for a WebSocket was ignored', async () => {
  const options = { url: '/api/chat', prefix: '/api', websocket: true }
  assert.equal((await asked(options)).prefix, '/api')
  assert.equal((await asked(new Request(options))).prefix, '/api')
  assert.equal((await asked({ url: '/chat', websocket: true })).prefix, undefined)
})

test('unknown keys of a request for a WebSocket were ignored', async () => {
  const connect = () => assert.fail('it was sent')
  await assert.rejects(openRequestSocket({ url: '/', websocket: true, header: {} }, connect),
    { code: 'ERR_INVALID_OPTION', option: 'header' })
})
