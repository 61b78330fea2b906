/** Mistakes of other ASGI servers, one test each; those with forked children: children.test.js. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, realpathSync, rmSync, writeFileSync, copyFileSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import {
  APPS, eventually, leakTest, startPython, withPython, withServer
} from '../support/harness.js'

const app = { appTarget: 'traps_app:app' }

const over = (name, run) => withPython(name, app, (python) =>
  withServer(python.listener, (base) => run(base, python)))

async function ask (base, path, options = {}, body) {
  const request = http.request(base + path, options)
  request.end(body)
  const [response] = await once(request, 'response')
  const text = Buffer.concat(await response.toArray()).toString()
  return { status: response.statusCode, headers: response.headers, raw: response.rawHeaders, text }
}

const json = async (...args) => JSON.parse((await ask(...args)).text)

/** Sends raw lines; resolves to the answer when it matches `until` or the connection ends. */
async function raw (base, lines, until) {
  const { hostname, port } = new URL(base)
  const socket = connect(Number(port), hostname)
  let text = ''
  let ended = false
  socket.setEncoding('latin1')
  socket.on('data', (piece) => { text += piece })
  socket.on('close', () => { ended = true })
  socket.write(lines.join('\r\n'), 'latin1')
  await eventually(() => assert.ok(until === 'end' ? ended : until.test(text), text))
  socket.destroy()
  return text
}

const bodyOf = (text) => JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4))

over('headers may be tuples, lists or an iterator of other bytes types', async (base) => {
  const { headers } = await ask(base, '/header_shapes')
  assert.deepEqual([headers.a, headers.b, headers.c], ['tuple', 'list', 'view'])
})

over('header values are latin-1 in both directions', async (base) => {
  const { headers } = await ask(base, '/header_latin1')
  assert.equal(headers['x-name'], 'Jürgen')
  const scope = await json(base, '/', { headers: { 'x-name': 'Jürgen' } })
  assert.ok(scope.headers.some(([name, value]) => name === 'x-name' && value === 'Jürgen'))
})

over('a response start without headers', async (base) => {
  const { status, text } = await ask(base, '/header_absent')
  assert.deepEqual([status, text], [200, 'fine'])
})

over('repeated set-cookie headers stay separate', async (base) => {
  const { headers } = await ask(base, '/cookies')
  assert.deepEqual(headers['set-cookie'], ['a=1', 'b=2, c', 'd=4'])
})

over('repeated cookies: separate over HTTP/1.1, joined over HTTP/2', async (base, python) => {
  const lines = [
    'GET / HTTP/1.1', 'host: x', 'cookie: a=1', 'cookie: b=2', 'connection: close', '', ''
  ]
  const { headers } = bodyOf(await raw(base, lines, 'end'))
  assert.deepEqual(headers.filter(([name]) => name === 'cookie').map(([, value]) => value),
    ['a=1', 'b=2'])
  const server = http2.createServer(python.listener)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const host = `127.0.0.1:${server.address().port}`
  const session = http2.connect(`http://${host}`)
  const stream = session.request({ ':path': '/', cookie: ['a=1', 'b=2'] })
  const scope = JSON.parse((await stream.toArray()).join(''))
  assert.deepEqual(scope.headers.filter(([name]) => name === 'cookie'), [['cookie', 'a=1; b=2']])
  assert.ok(scope.headers.every(([name]) => !name.startsWith(':')))
  assert.equal(scope.headers.find(([name]) => name === 'host')[1], host)
  session.destroy()
  server.close()
})

over('header names become lower case; values and paths keep their case', async (base) => {
  const scope = await json(base, '/MixedCase?Q=V', { headers: { 'X-Mixed': 'Value' } })
  assert.deepEqual([scope.raw_path, scope.query_string], ['/MixedCase', 'Q=V'])
  assert.deepEqual(scope.headers.find(([name]) => name === 'x-mixed'), ['x-mixed', 'Value'])
})

over('control characters cannot forge headers', async (base) => {
  assert.equal(await json(base, '/header_control'), 4)
  const refused = await raw(base, ['GET / HTTP/1.1', 'host: x', 'x-a: b\x01c', '', ''], /^HTTP/)
  assert.match(refused, /^HTTP\/1.1 400 /)
  const scope = await json(base, '/a%00b%0d%0ac')
  assert.equal(scope.path, '/a\0b\r\nc')
})

over('%20, %2F, UTF-8 and invalid UTF-8 in the path', async (base) => {
  const scope = await json(base, '/a%20b%2Fc/%C3%BC/%ff/%zz/%')
  assert.equal(scope.path, '/a b/c/ü/\ufffd/%zz/%')
  assert.equal(scope.raw_path, '/a%20b%2Fc/%C3%BC/%ff/%zz/%')
  // Node's parser accepts percent-encoded bytes only.
  const bytes = await raw(base, ['GET /\xc3\xbc HTTP/1.1', 'host: x', '', ''], /^HTTP/)
  assert.match(bytes, /^HTTP\/1.1 400 /)
})

over('an empty query, question marks in a query, dots in the path', async (base) => {
  for (const [target, path, query] of [
    ['/x?', '/x', ''],
    ['/x??', '/x', '?'],
    ['/x?a#b', '/x', 'a#b'],
    ['/a/../b/./c', '/a/../b/./c', ''],
    ['//double', '//double', '']
  ]) {
    const scope = bodyOf(await raw(base,
      [`GET ${target} HTTP/1.1`, 'host: x', 'connection: close', '', ''], 'end'))
    assert.deepEqual([scope.path, scope.query_string], [path, query], target)
  }
})

over('OPTIONS *', async (base) => {
  const scope = bodyOf(await raw(base,
    ['OPTIONS * HTTP/1.1', 'host: x', 'connection: close', '', ''], 'end'))
  assert.deepEqual([scope.method, scope.path], ['OPTIONS', '*'])
})

over('absolute-form targets', async (base) => {
  const scope = bodyOf(await raw(base,
    ['GET http://other.example/p/q?r HTTP/1.1', 'host: x', 'connection: close', '', ''], 'end'))
  assert.deepEqual([scope.path, scope.query_string], ['/p/q', 'r'])
})

over('unusual methods', async (base, python) => {
  for (const method of ['PROPFIND', 'M-SEARCH', 'PURGE', 'TRACE', 'DELETE']) {
    assert.equal((await json(base, '/', { method })).method, method)
  }
  assert.equal((await python.handleRequest({ method: 'brew', url: '/' })).json().method, 'brew')
  assert.match(await raw(base, ['BREW / HTTP/1.1', 'host: x', '', ''], /^HTTP/), /^HTTP\/1.1 400 /)
})

over('Expect: 100-continue is answered, another expectation is refused', async (base) => {
  const request = http.request(`${base}/`,
    { method: 'POST', headers: { expect: '100-continue', 'content-length': 3 } })
  request.on('continue', () => request.end('abc'))
  request.flushHeaders()
  const [response] = await once(request, 'response')
  assert.equal(JSON.parse((await response.toArray()).join('')).body, 3)
  const other = await raw(base, ['GET / HTTP/1.1', 'host: x', 'expect: miracles', '', ''], /^HTTP/)
  assert.match(other, /^HTTP\/1.1 417 /)
})

over('HTTP/1.0 with and without keep-alive', async (base) => {
  const closed = await raw(base, ['GET / HTTP/1.0', '', ''], 'end')
  assert.equal(bodyOf(closed).http_version, '1.0')
  assert.doesNotMatch(closed, /transfer-encoding/i)
  const kept = await raw(base, ['GET / HTTP/1.0', 'connection: keep-alive', '',
    'GET /second HTTP/1.0', '', ''], 'end')
  assert.match(kept, /"path": "\/"[^]*"path": "\/second"/)
})

over('HEAD keeps the content-length of its GET', async (base) => {
  const { headers, text } = await ask(base, '/head_length', { method: 'HEAD' })
  assert.deepEqual([headers['content-length'], text], ['12345', ''])
})

over('204 and 304 have no body and no chunks', async (base) => {
  for (const code of [204, 304]) {
    const { status, headers, text } = await ask(base, `/status?${code}`)
    assert.deepEqual([status, text], [code, ''])
    assert.equal(headers['transfer-encoding'], undefined)
  }
})

over('a chunked upload without content-length', async (base) => {
  const scope = bodyOf(await raw(base, ['POST / HTTP/1.1', 'host: x', 'transfer-encoding: chunked',
    'connection: close', '', '3', 'abc', '5', 'defgh', '0', '', ''], 'end'))
  assert.equal(scope.body, 8)
})

over('a content-length that does not match, in both directions', async (base) => {
  const long = await ask(base, '/too_long')
  assert.equal(long.status, 500)
  const short = http.get(`${base}/too_short`)
  const [response] = await once(short, 'response')
  await assert.rejects(response.toArray(), { code: 'ECONNRESET' })
  // The client announces more bytes than it sends.
  const socket = connect(Number(new URL(base).port), '127.0.0.1')
  socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc')
  await once(socket, 'connect')
  socket.destroy()
  const { status } = await ask(base, '/')
  assert.equal(status, 200)
})

over('a transfer-encoding header of the app is dropped', async (base) => {
  const { raw: lines, text } = await ask(base, '/transfer_encoding')
  assert.equal(text, 'not chunked twice')
  assert.ok(lines.filter((name) => /transfer-encoding/i.test(name)).length <= 1)
})

over('a server-sent event is sent at once', async (base) => {
  const request = http.get(`${base}/sse`)
  const [response] = await once(request, 'response')
  const [first] = await once(response, 'data')
  assert.equal(String(first), 'data: first\n\n')
  response.destroy()
})

over('the app can continue after its response', async (base) => {
  assert.equal((await ask(base, '/after_response')).text, '"answered"')
  await eventually(async () => assert.deepEqual(await json(base, '/background_done'), ['done']))
})

for (const loop of ['asyncio', 'uvloop']) {
  withPython(`task groups, timeouts, current_task() and all_tasks() on ${loop}`, { ...app, loop },
    async (python) => {
      const result = (await python.handleRequest({ url: '/tasks' })).json()
      const { group, ...flags } = result
      assert.deepEqual(flags, {
        own_is_task: true,
        own_in_all: true,
        same_after: true,
        timed_out: true,
        name: true,
        coroutine: true
      })
      assert.match(group, /KeyError\('group'\)|not there/)
    })

  withPython(`a nested event loop raises Python's error on ${loop}`, { ...app, loop },
    async (python) => {
      const errors = (await python.handleRequest({ url: '/nested_loop' })).json()
      assert.match(errors[0], /asyncio\.run\(\) cannot be called from a running event loop/)
      assert.match(errors[1],
        /event loop is already running|Cannot run the event loop while another/)
    })
}

withPython('context variables are private to a request and reach its tasks and threads', app,
  async (python) => {
    const results = await Promise.all(['a', 'b', 'c'].map(async (id) =>
      (await python.handleRequest({ url: `/context?${id}` })).json()))
    assert.deepEqual(results, ['a', 'b', 'c'].map((id) => [null, id, id, id]))
  })

withPython('multiprocessing, subprocess and ThreadPoolExecutor work in the app', app,
  async (python) => {
    assert.deepEqual((await python.handleRequest({ url: '/executors' })).json(),
      [[0, 1, 4, 9], 'sub\n', 'async sub', 0, [0, 1, 4, 9]])
  })

withPython('every worker is a main interpreter', { ...app, workers: 2 },
  async (python) => {
    for (let i = 0; i < 4; i++) {
      assert.equal((await python.handleRequest({ url: '/main_interpreter' })).json(), true)
    }
  })

const asyncioApp = { ...app, loop: 'asyncio' }

withPython("signal handlers are Python's defaults", asyncioApp, async (python) => {
  const { main_thread: mainThread, ...handlers } =
    (await python.handleRequest({ url: '/signals' })).json()
  assert.equal(mainThread, true)
  assert.deepEqual(handlers, {
    SIGHUP: 'SIG_DFL',
    SIGUSR1: 'SIG_DFL',
    SIGUSR2: 'SIG_DFL',
    SIGPIPE: 'SIG_IGN',
    SIGCHLD: 'SIG_DFL',
    SIGALRM: 'SIG_DFL'
  })
})

leakTest('sys.argv, sys.executable, __main__, cwd and sys.path: as with python -m', async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'node-asgi-')))
  try {
    copyFileSync(join(APPS, 'traps_app.py'), join(folder, 'traps_app.py'))
    const python = startPython({ ...app, docroot: folder })
    const found = (await python.handleRequest({ url: '/interpreter' })).json()
    assert.equal(found.cwd, folder)
    assert.equal(found.path0, folder)
    assert.equal(found.file, join(folder, 'traps_app.py'))
    assert.equal(found.name, 'traps_app')
    assert.equal(found.main, '__main__')
    assert.equal(found.argv.length, 1)
    assert.match(found.executable, /python/)
    assert.deepEqual(found.threads, ['MainThread'])
    await python.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})

leakTest('dotenv finds the .env file next to the application', async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'node-asgi-')))
  try {
    copyFileSync(join(APPS, 'traps_app.py'), join(folder, 'traps_app.py'))
    writeFileSync(join(folder, '.env'), 'FROM_DOTENV=found\n')
    writeFileSync(join(folder, 'main.py'),
      'from dotenv import load_dotenv\n\nload_dotenv()\n\nfrom traps_app import app  # noqa\n')
    const python = startPython({ docroot: folder })
    assert.equal((await python.handleRequest({ url: '/interpreter' })).json().env, 'found')
    await python.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})
