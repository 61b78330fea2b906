/** Every error that docs/errors.md lists for a start or a request, with real workers. */

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { PythonHandler } from '../../addon/lib/index.js'
import { assertFacts } from '../support/facts.js'
import {
  APPS, eventually, leakTest, startPython, withPython, withServer
} from '../support/harness.js'

/** @returns {[options: object, code: string]} */
const importFails = (appTarget, options) => [{ appTarget, ...options }, 'ERR_APP_IMPORT']

/** Starts that fail: options, code, and what the message or the traceback must contain. */
const STARTS = {
  'a missing module': [...importFails('nowhere:app'), /nowhere/],
  'a missing module in a package': [...importFails('pkg.nowhere:app'), /pkg\.nowhere/],
  'a missing attribute': [...importFails('main:ap'), /'ap'.*(app|main)/s],
  'an import error in the module': [...importFails('import_error_app:app'),
    /a_module_that_is_not_installed[^]*import_error_app\.py/],
  'a syntax error': [...importFails('syntax_error_app:app'), /SyntaxError/],
  'an exception during import': [...importFails('raise_at_import_app:app'),
    /DATABASE_URL is not set[^]*read_configuration/],
  'sys.exit() during import': [...importFails('exit_at_import_app:app'),
    /configuration is missing/],
  'an app that is not callable': [...importFails('not_callable_app:app'),
    /not_callable_app:app[^]*dict/],
  'a WSGI app as ASGI': [...importFails('not_callable_app:wsgi_app', { interface: 'asgi' }),
    /'wsgi'/],
  'a factory that is not called': [...importFails('factory_app:create_app'), /factory/],
  'a factory that raises': [...importFails('factory_app:raising', { factory: true }),
    /does not like this machine/],
  'a missing preload module': [{ preload: ['not_there'] }, 'ERR_PRELOAD', /not_there/],
  'a missing interpreter':
    [{ python: '/nowhere/python3' }, 'ERR_PYTHON_NOT_FOUND', /\/nowhere\/python3/],
  'an interpreter that is not Python':
    [{ python: '/bin/false' }, 'ERR_PYTHON_FAILED', /\/bin\/false/]
}

for (const [what, [options, code, text]] of Object.entries(STARTS)) {
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

leakTest('factory: true calls the factory, and nested attributes are found', async () => {
  for (const options of [{ appTarget: 'factory_app:create_app', factory: true },
    { appTarget: 'pkg.mod:holder.app' }]) {
    const python = startPython(options)
    await python.ready
    assert.equal((await python.handleRequest({ url: '/' })).status, 200)
    await python.close()
  }
})

leakTest('a preload that starts threads causes a warning, and is not shared', async () => {
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

leakTest('a Python that is too old is reported with its message', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'node-asgi-'))
  const old = join(folder, 'python3')
  // As worker/python/main.py exits when Python is too old.
  const script = '#!/bin/sh\necho "needs Python 3.10, but this is 3.8.18" >&2\nexit 3\n'
  await writeFile(old, script, { mode: 0o755 })
  try {
    const python = startPython({ python: old })
    await assert.rejects(python.ready, (error) => {
      assert.equal(error.code, 'ERR_PYTHON_FAILED')
      assertFacts(error.message, ['3.10', '3.8.18'])
      return true
    })
    await python.close()
  } finally {
    await rm(folder, { recursive: true })
  }
})

leakTest('invalid options throw at once and name the option', async () => {
  for (const [options, name] of [
    [{ worker: 2 }, 'worker'], [{ workers: 0 }, 'workers'], [{ workers: '2' }, 'workers'],
    [{ appTarget: 'main:' }, 'appTarget'],
    [{ loop: 'trio' }, 'loop'],
    [{ lifespan: true }, 'lifespan'],
    [{ timeouts: { startup: -1 } }, 'timeouts.startup'],
    [{ timeouts: { start: 1 } }, 'timeouts.start'],
    [{ env: { A: 1 } }, 'env'],
    [{ requestRing: 1000 }, 'requestRing'],
    [{ interface: 'rsgi' }, 'interface'],
    [{ logger: 3 }, 'logger'],
    [{ concurrency: 0 }, 'concurrency'],
    [{ maxQueue: -1 }, 'maxQueue']
  ]) {
    assert.throws(() => new PythonHandler({ docroot: APPS, ...options }), (error) => {
      assert.equal(error.code, 'ERR_INVALID_OPTION', name)
      assertFacts(error.message, [name])
      return true
    })
  }
  assert.throws(() => new PythonHandler({ docroot: '/nowhere/at/all' }),
    { code: 'ERR_DOCROOT_NOT_FOUND' })
})

withPython('invalid requests are refused, each with its code', {}, async (python) => {
  const long = 'x'.repeat(530_000)
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
    [{ method: 'X'.repeat(1_100_000), url: '/' }, 'ERR_HEADERS_TOO_LARGE'],
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

const slow = { appTarget: 'slow_app:app' }
const oneAtATime = { ...slow, concurrency: 1, maxQueue: 0 }

withPython('the listener answers 503 when the queue is full', oneAtATime, async (python) => {
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

const exits = { appTarget: 'exit_app:app' }

withPython('the listener answers 502 when the worker crashes', exits, async (python) => {
  await withServer(python.listener, async (origin) => {
    assert.equal((await fetch(`${origin}/kill`)).status, 502)
  })
})

const impatient = { ...slow, timeouts: { request: 60 } }

withPython('the listener answers 504 when a request times out', impatient, async (python) => {
  await withServer(python.listener, async (origin) => {
    assert.equal((await fetch(`${origin}/?ms=700`)).status, 504)
  })
})

withPython('the listener answers 503 when the handler is closed', {}, async (python) => {
  await withServer(python.listener, async (origin) => {
    await python.close()
    const response = await fetch(origin)
    assert.equal(response.status, 503)
    await response.text()
  })
})

const disconnect = { appTarget: 'disconnect_app:app' }

withPython('a client that leaves during an upload is a disconnect', disconnect, async (python) => {
  await withServer(python.listener, async (origin) => {
    const socket = net.connect(Number(new URL(origin).port), '127.0.0.1')
    socket.write('POST /wait?id=up HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\nsome')
    while (!(await (await fetch(`${origin}/seen`)).json()).up) { /* it has not arrived yet */ }
    socket.destroy()
    await eventually(async () => {
      assert.equal((await (await fetch(`${origin}/seen`)).json()).up, 'disconnect')
    })
  })
})

withPython('the connection ended after each error page, although the page promised to keep it',
  { appTarget: 'kinds_app:app' }, async (python) => {
    await withServer(python.listener, async (base) => {
      const socket = net.connect(Number(new URL(base).port), '127.0.0.1')
      let text = ''
      socket.on('data', (data) => { text += data })
      for (const path of ['/error', '/invalid', '/small']) {
        const before = text.length
        socket.write(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`)
        await eventually(() => assert.match(text.slice(before), /\r\n\r\n(Internal|small)/))
        assert.match(text.slice(before), /^HTTP[^]*content-length: \d+\r\n/i, path)
      }
      socket.destroy()
    })
  })
