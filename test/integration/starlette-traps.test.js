/** Server mistakes that show only with Starlette and anyio, one test each. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'

import { VENV_PYTHON, eventually, withPython, withServer } from '../support/harness.js'

const app = { appTarget: 'starlette_traps_app:app', python: VENV_PYTHON }

const noted = async (python) => (await python.handleRequest({ url: '/noted' })).json()

for (const path of ['/endpoint_asks', '/middleware_asks']) {
  withPython(`BaseHTTPMiddleware and is_disconnected(): ${path}`, app, async (python) => {
    await withServer(python.listener, async (base) => {
      const request = http.request(base + path, { method: 'POST' })
      request.on('error', () => {})
      request.end('body')
      await eventually(async () => assert.deepEqual(await noted(python), ['asked']))
      request.destroy()
      await eventually(async () => assert.deepEqual(await noted(python),
        ['asked', 'is_disconnected']))
    })
  })
}

withPython('BaseHTTPMiddleware and is_disconnected(): a connected client with a body', app,
  async (python) => {
    await withServer(python.listener, async (base) => {
      const body = Buffer.alloc(1_000_000)
      const response = await fetch(`${base}/reads_and_asks`, { method: 'POST', body })
      assert.deepEqual(await response.json(), [body.length, false])
      assert.equal(response.headers.get('x-passed'), 'False')
    })
  })

withPython('a client cancels a StreamingResponse behind BaseHTTPMiddleware', app,
  async (python) => {
    await withServer(python.listener, async (base) => {
      const request = http.get(`${base}/cancelled_stream`)
      const [response] = await once(request, 'response')
      await once(response, 'data')
      response.on('error', () => {})
      response.destroy()
      await eventually(async () => assert.deepEqual(await noted(python),
        ['stream cancelled', 'stream closed']))
    })
  })

withPython("sync endpoints run in anyio's thread pool", app, async (python) => {
  const answers = await Promise.all(Array.from({ length: 4 },
    () => python.handleRequest({ url: '/sync' })))
  assert.deepEqual(answers.map((answer) => answer.json()), [true, true, true, true])
  assert.deepEqual((await python.handleRequest({ url: '/threads' })).json(),
    { total: 40, borrowed: 0 })
})

const unbuffered = { ...app, env: { PYTHONUNBUFFERED: '1' } }

withPython('the logging configuration of the app is kept', unbuffered,
  async (python) => {
    let written = ''
    for (const name of ['stdout', 'stderr']) python.on(name, (text) => { written += text })
    const handlers = (await python.handleRequest({ url: '/log' })).json()
    assert.deepEqual(handlers, ['StreamHandler'])
    await eventually(() => assert.match(written, /own format: WARNING app shown/))
    assert.doesNotMatch(written, /not shown/)
    assert.equal(written.split('shown').length, 2, 'the line was not written exactly once')
  })
