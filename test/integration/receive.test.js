import assert from 'node:assert/strict'

import { eventually, withPython } from '../support/harness.js'

const receiveApp = { appTarget: 'receive_app:app' }

withPython('asyncio can use receive() and send() as coroutines', receiveApp, async (python) => {
  const get = async (path) => (await python.handleRequest({ method: 'POST', url: path, body: 'x' }))
  assert.deepEqual((await get('/timeout')).json(), ['timeout', 'timeout'])
  assert.deepEqual((await get('/task')).json(), [true, true, 'cancelled'])
  assert.deepEqual((await get('/parallel')).json(), [false, false])
  await eventually(async () =>
    assert.deepEqual((await get('/last')).json(), ['http.disconnect', 'http.disconnect']))
  assert.equal((await get('/lazy')).body.toString(), 'sent')
  assert.match((await get('/twice')).body.toString(), /already awaited/)
  assert.equal((await get('/close')).body.toString(), 'closed')
})

const name = 'receive() after the complete response is http.disconnect at once'
withPython(name, receiveApp, async (python) => {
  assert.equal((await python.handleRequest({ url: '/complete' })).body.toString(), 'complete')
  await eventually(async () => assert.deepEqual(
    (await python.handleRequest({ url: '/last' })).json(), ['http.disconnect', 'http.disconnect']))
})
