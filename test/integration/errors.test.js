/** Every error that docs/errors.md lists for a start or a request, on the real thing. */

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { PythonHandler } from '../../addon/lib/index.js'
import { APPS, leakTest, startPython, withPython, withServer } from '../support/harness.js'

/** Starts that fail: options, code, what the message or the traceback has to say. */
const STARTS = [
  ['a module that does not exist', { appTarget: 'nowhere:app' }, 'ERR_APP_IMPORT', /nowhere/],
  ['a module within a package', { appTarget: 'pkg.nowhere:app' }, 'ERR_APP_IMPORT', /pkg\.nowhere|nowhere/],
  ['an attribute that does not exist', { appTarget: 'main:ap' }, 'ERR_APP_IMPORT', /'?ap'?.*(app|main)/s],
  ['an import error within the module', { appTarget: 'import_error_app:app' }, 'ERR_APP_IMPORT',
    /a_module_that_is_not_installed[^]*import_error_app\.py/],
  ['a syntax error', { appTarget: 'syntax_error_app:app' }, 'ERR_APP_IMPORT', /SyntaxError/],
  ['an exception at import', { appTarget: 'raise_at_import_app:app' }, 'ERR_APP_IMPORT',
    /DATABASE_URL is not set[^]*read_configuration/],
  ['sys.exit at import', { appTarget: 'exit_at_import_app:app' }, 'ERR_APP_IMPORT', /configuration is missing/],
  ['an app that cannot be called', { appTarget: 'not_callable_app:app' }, 'ERR_APP_IMPORT', /call/],
  ['a WSGI app as ASGI', { appTarget: 'not_callable_app:wsgi_app', interface: 'asgi' }, 'ERR_APP_IMPORT', /'wsgi'/],
  ['a factory that is not called', { appTarget: 'factory_app:create_app' }, 'ERR_APP_IMPORT', /factory/],
  ['a factory that raises', { appTarget: 'factory_app:raising', factory: true }, 'ERR_APP_IMPORT',
    /does not like this machine/],
  ['a preload module that does not exist', { preload: ['not_there'] }, 'ERR_PRELOAD', /not_there/],
  ['a python that does not exist', { python: '/nowhere/python3' }, 'ERR_PYTHON_NOT_FOUND', /\/nowhere\/python3/],
  ['a python that is none', { python: '/bin/false' }, 'ERR_PYTHON_FAILED', /\/bin\/false/]
]

for (const [what, options, code, text] of STARTS) {
  leakTest(`ready rejects: ${what}`, async () => {
    let error
    try {
      const python = startPython(options)
      await python.ready
      assert.fail('it is ready')
    } catch (thrown) {
      error = thrown
    }
    assert.equal(error.code, code, error.stack)
    assert.match(`${error.message}\n${error.traceback ?? ''}`, text)
  })
}

leakTest('a factory is called with factory: true, and nested attributes are found', async () => {
  for (const options of [{ appTarget: 'factory_app:create_app', factory: true },
    { appTarget: 'pkg.mod:holder.app' }]) {
    const python = startPython(options)
    await python.ready
    assert.equal((await python.handleRequest({ url: '/' })).status, 200)
    await python.close()
  }
})

leakTest('a preload that leaves threads is warned of, and its workers start cold', async () => {
  const warnings = []
  const python = startPython({
    appTarget: 'preload_threads_app:app',
    preload: true,
    logger: { info () {}, error () {}, warn: (line) => warnings.push(line) }
  })
  await python.ready
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
  assert.match(warnings.join('\n'), /metrics-exporter/)
  await python.close()
})

leakTest('an old Python is told apart from a broken one', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'node-asgi-'))
  const old = join(folder, 'python3')
  // What main.py says under a Python that is too old, in its own words and exit code.
  await writeFile(old, '#!/bin/sh\necho "node-asgi needs Python 3.10 or newer, but this is 3.8.18" >&2\nexit 3\n', { mode: 0o755 })
  try {
    const python = startPython({ python: old })
    await assert.rejects(python.ready, (error) => {
      assert.equal(error.code, 'ERR_PYTHON_FAILED')
      assert.match(error.message, /needs Python 3\.10 or newer/)
      return true
    })
    await python.close()
  } finally {
    await rm(folder, { recursive: true })
  }
})

leakTest('bad options throw at once and name the option', async () => {
  for (const [options, name] of [
    [{ worker: 2 }, 'worker'], [{ workers: 0 }, 'workers'], [{ workers: '2' }, 'workers'],
    [{ appTarget: 'main' }, 'appTarget'], [{ loop: 'trio' }, 'loop'], [{ lifespan: true }, 'lifespan'],
    [{ timeouts: { startup: -1 } }, 'timeouts.startup'], [{ timeouts: { start: 1 } }, 'timeouts.start'],
    [{ env: { A: 1 } }, 'env'], [{ requestRing: 1000 }, 'requestRing'], [{ interface: 'rsgi' }, 'interface'],
    [{ logger: 3 }, 'logger'], [{ concurrency: 0 }, 'concurrency'], [{ maxQueue: -1 }, 'maxQueue']
  ]) {
    assert.throws(() => new PythonHandler({ docroot: APPS, ...options }), (error) => {
      assert.equal(error.code, 'ERR_INVALID_OPTION', name)
      assert.ok(error.message.includes(name), `${error.message} names ${name}`)
      return true
    })
  }
  assert.throws(() => new PythonHandler({ docroot: '/nowhere/at/all' }), { code: 'ERR_DOCROOT_NOT_FOUND' })
})

withPython('bad requests are refused, each with its code, and nothing else is disturbed', {}, async (python) => {
  const long = 'x'.repeat(70_000)
  for (const [request, code] of [
    [{ url: 'http://[' }, 'ERR_INVALID_URL'],
    [{ url: '/a\nb' }, 'ERR_INVALID_URL'],
    [{ url: 7 }, 'ERR_INVALID_URL'],
    [undefined, 'ERR_INVALID_URL'],
    [{ method: 'GE T', url: '/' }, 'ERR_INVALID_METHOD'],
    [{ method: 'GET\r\nx: y', url: '/' }, 'ERR_INVALID_METHOD'],
    [{ url: '/', headers: { 'a b': 'c' } }, 'ERR_INVALID_HEADER'],
    [{ url: '/', headers: { '': 'c' } }, 'ERR_INVALID_HEADER'],
    [{ url: '/', headers: { a: 'b\r\nc: d' } }, 'ERR_INVALID_HEADER'],
    [{ url: '/', headers: { a: 'b\0c' } }, 'ERR_INVALID_HEADER'],
    [{ url: '/', headers: { a: 'b\0c\0d' } }, 'ERR_INVALID_HEADER'],
    [{ url: '/', headers: { a: '☃' } }, 'ERR_INVALID_HEADER'],
    [{ url: '/', headers: { a: long } }, 'ERR_HEADERS_TOO_LARGE'],
    [{ url: `/${long}` }, 'ERR_HEADERS_TOO_LARGE'],
    [{ method: 'X'.repeat(600_000), url: '/' }, 'ERR_HEADERS_TOO_LARGE'],
    [{ method: 'POST', url: '/', body: 7 }, 'ERR_INVALID_BODY'],
    [{ method: 'POST', url: '/', body: { a: 1 } }, 'ERR_INVALID_BODY']
  ]) {
    await assert.rejects(python.handleRequest(request), (error) => {
      assert.equal(error.code, code, JSON.stringify(request)?.slice(0, 80))
      return true
    })
  }
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
})

withPython('a full queue is 503 at the listener', { appTarget: 'slow_app:app', concurrency: 1, maxQueue: 0 }, async (python) => {
  await withServer(python.listener, async (origin) => {
    const first = fetch(`${origin}/?ms=200`)
    const seen = new Set()
    while (!seen.has(503)) {
      const response = await fetch(`${origin}/?ms=1`)
      seen.add(response.status)
      await response.text()
    }
    assert.equal((await first).status, 200)
  })
})

withPython('a worker that crashes is 502 at the listener', { appTarget: 'exit_app:app' }, async (python) => {
  await withServer(python.listener, async (origin) => {
    assert.equal((await fetch(`${origin}/kill`)).status, 502)
  })
})

withPython('a request over its time is 504 at the listener', { appTarget: 'slow_app:app', timeouts: { request: 60 } }, async (python) => {
  await withServer(python.listener, async (origin) => {
    assert.equal((await fetch(`${origin}/?ms=700`)).status, 504)
  })
})

withPython('a handler that is closed answers 503', {}, async (python) => {
  await withServer(python.listener, async (origin) => {
    await python.close()
    const response = await fetch(origin)
    assert.equal(response.status, 503)
    await response.text()
  })
})

withPython('a client that goes in mid-upload is a disconnect', { appTarget: 'disconnect_app:app' }, async (python) => {
  await withServer(python.listener, async (origin) => {
    const socket = net.connect(Number(new URL(origin).port), '127.0.0.1')
    socket.write('POST /wait?id=up HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nsome')
    while (!(await (await fetch(`${origin}/seen`)).json()).up) { /* not there yet */ }
    socket.destroy()
    while ((await (await fetch(`${origin}/seen`)).json()).up !== 'disconnect') { /* bounded by the test */ }
  })
})
