/** The tasks of requests, as asyncio and the application see them. */

import assert from 'node:assert/strict'

import { assertFacts } from '../support/facts.js'
import { eventually, startPython, leakTest } from '../support/harness.js'

for (const loop of ['asyncio', 'uvloop']) {
  leakTest(`the task of a request is named after method and path: ${loop}`, async () => {
    const python = startPython({ appTarget: 'tasks_app:app', loop })
    for (const [method, url, name] of [
      ['GET', '/name?x=1', 'GET /name'], ['PUT', '/n%C3%A4me', 'PUT /näme']
    ]) {
      const response = await python.handleRequest({ method, url })
      const [first, shown, own] = JSON.parse(response.body.toString())
      assert.equal(first, name)
      assertFacts(shown, [`name='${name}'`, 'app()', 'tasks_app.py'])
      assert.equal(own, 'my own')
    }
    const socket = await python.connect('/socket')
    for await (const message of socket) assert.equal(message, 'WebSocket /socket')
    await python.close()
  })

  for (const [how, env] of Object.entries({
    PYTHONASYNCIODEBUG: { PYTHONASYNCIODEBUG: '1' }, set_debug: {}
  })) {
    leakTest(`the warning about a slow step names the request: ${loop}, ${how}`, async () => {
      const warnings = []
      const python = startPython({
        appTarget: 'tasks_app:app',
        loop,
        env,
        logger: {
          info () {}, error () {}, warn: (text) => { if (/took/.test(text)) warnings.push(text) }
        }
      })
      await python.ready
      await python.handleRequest({ url: '/debug' })
      await python.handleRequest({ url: '/slow' })
      await python.handleRequest({ url: '/slow-later' })
      await eventually(() => assert.equal(warnings.length, 2))
      await python.close()
      assertFacts(warnings[0], ['GET /slow', /took \d\.\d+ seconds/])
      assertFacts(warnings[1], ['GET /slow-later', /took \d\.\d+ seconds/])
      for (const warning of warnings) assert.doesNotMatch(warning, /_drain|node-asgi request/)
    })
  }
}
