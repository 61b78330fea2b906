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

withPython('a slow application got its body in as many pieces as had been sent', receiveApp,
  async (python) => {
    const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, i) => i % 251))
    let call
    const body = async function * () {
      for (let at = 0; at < bytes.length; at += 20_000) yield bytes.subarray(at, at + 20_000)
      call = python.handleRequest({ url: '/now' })
    }
    const response = await python.handleRequest({ method: 'POST', url: '/late', body: body() })
    assert.equal((await call).text(), 'called')
    const [lengths, same] = response.json()
    assert.equal(same, true)
    assert.equal(lengths[0], bytes.length, `${lengths} bytes`)
  })

const name = 'receive() after the complete response is http.disconnect at once'
withPython(name, receiveApp, async (python) => {
  assert.equal((await python.handleRequest({ url: '/complete' })).body.toString(), 'complete')
  await eventually(async () => assert.deepEqual(
    (await python.handleRequest({ url: '/last' })).json(), ['http.disconnect', 'http.disconnect']))
})
