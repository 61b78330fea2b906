/** Applications that are not ASGI 3. */

import assert from 'node:assert/strict'

import { assertFacts } from '../support/facts.js'
import { leakTest, startPython, withPython } from '../support/harness.js'

const flask = { appTarget: 'flask_app:app' }
const prefixed = { ...flask, rootPath: '/prefix' }

withPython('Flask is detected as WSGI and served', prefixed, async (python) => {
  assert.deepEqual((await python.handleRequest({ url: '/prefix/hello/w%C3%B6rld?q=1%202' })).json(),
    { name: 'wörld', query: '1 2', root: '/prefix' })
  const body = Buffer.alloc(300_000, 'x')
  const upload = await python.handleRequest({
    method: 'POST', url: '/upload', body, headers: { 'content-type': 'application/x-test' }
  })
  assert.deepEqual(upload.json(), { size: body.length, type: 'application/x-test' })
  const pieces = []
  for await (const piece of await python.handleStream({ url: '/stream?n=5' })) {
    pieces.push(piece.toString())
  }
  assert.equal(pieces.join(''), [0, 1, 2, 3, 4].map((i) => `piece ${i}\n`).join(''))
  assert.ok(pieces.length > 1, 'the response was not streamed')
  assert.equal((await python.handleRequest({ url: '/raise' })).status, 500)
  assert.equal((await python.handleRequest({ url: '/nothing' })).status, 404)
})

withPython('a WSGI application has as many threads as the option says',
  { ...flask, interface: 'wsgi', threads: 12 }, async (python) => {
    const names = await Promise.all(Array.from({ length: 12 }, async () =>
      (await python.handleRequest({ url: '/wait?n=12' })).body.toString()))
    assert.equal(new Set(names).size, 12)
  })

for (const options of [
  { appTarget: 'asgi2_app:Application' },
  { appTarget: 'asgi2_app:Application', interface: 'asgi2' },
  { appTarget: 'asgi2_app:function' },
  { appTarget: 'asgi2_app:function', interface: 'asgi2' },
  { appTarget: 'asgi2_app:instance' }
]) {
  withPython(`ASGI 2: ${JSON.stringify(options)}`, options, async (python) => {
    assert.equal((await python.handleRequest({ url: '/x' })).body.toString(), 'ASGI 2 at /x')
  })
}

leakTest('an application with the wrong interface fails and names the right one', async () => {
  for (const [options, facts] of [
    [{ ...flask, interface: 'asgi' }, ['flask_app:app', "'wsgi'"]],
    [{ appTarget: 'main:app', interface: 'wsgi' }, ['main:app', 'environ', "'asgi'"]]
  ]) {
    const python = startPython(options)
    await assert.rejects(python.ready, (error) => {
      assert.equal(error.code, 'ERR_APP_IMPORT')
      assertFacts(error.message, facts)
      return true
    })
    await python.close()
  }
})
