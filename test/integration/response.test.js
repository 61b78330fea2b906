import assert from 'node:assert/strict'
import http from 'node:http'

import { assertFacts } from '../support/facts.js'
import { eventually, withPython, withServer } from '../support/harness.js'

const headers = { appTarget: 'headers_app:app' }
const status = { appTarget: 'status_app:app' }
const errors = { appTarget: 'error_app:app', workers: 1 }

const smallRing = {
  appTarget: 'stream_app:app', responseRing: 256 * 1024, spin: 0, timeouts: { hang: 0 }
}

// A sender that waited for room in the ring was not woken if nothing else arrived.
withPython('a sender is woken when the ring has room again', smallRing, async (python) => {
  for (let i = 0; i < 40; i++) {
    // Their windows exceed the ring, and nobody reads them, so they get no credit.
    const stalled = Array.from({ length: 4 },
      () => python.handleStream({ url: '/infinite?size=65536' }))
    const small = await python.handleRequest({ url: '/chunks?n=1' }, { timeout: 5000 })
    assert.equal(small.body.length, 10)
    for (const { body } of await Promise.all(stalled)) body.destroy()
  }
})

const headerForms = 'response headers: repeated, tuples, generators, none, upper case, latin-1'
withPython(headerForms, headers, async (python) => {
  const get = (url) => python.handleRequest({ url })
  const repeated = await get('/repeated')
  assert.deepEqual(repeated.headers.getAll('set-cookie'), ['a=1', 'b=2; Path=/', 'c=3'])
  assert.deepEqual([...repeated.headers.entries()], [['set-cookie', 'a=1'], ['x-one', '1'],
    ['set-cookie', 'b=2; Path=/'], ['x-one', '2'], ['set-cookie', 'c=3']])
  assert.equal((await get('/tuple')).headers.get('x-second'), '2')
  assert.deepEqual((await get('/generator')).headers.getAll('x-number'), ['0', '1', '2'])
  assert.equal((await get('/none')).body.toString(), 'see the headers')
  assert.deepEqual([...(await get('/upper')).headers.keys()], ['x-upper-case'])
  const bytes = Buffer.from((await get('/bytes')).headers.get('x-bytes'), 'latin1')
  assert.deepEqual([...bytes], Array.from({ length: 128 }, (_, i) => 0x80 + i))
  const framing = await get('/framing')
  assert.equal(framing.headers.get('transfer-encoding') ?? null, null)
  assert.equal(framing.headers.get('x-kept'), 'yes')
  assert.equal((await get('/body-types')).body.toString(), 'bytes bytearray memoryview')
})

withPython('repeated headers stay separate over HTTP', headers, async (python) => {
  await withServer(python.listener, async (origin) => {
    const raw = await new Promise((resolve, reject) => {
      http.get(`${origin}/repeated`, (response) => {
        response.resume()
        resolve(response.rawHeaders)
      }).on('error', reject)
    })
    assert.deepEqual(raw.slice(0, 10), ['set-cookie', 'a=1', 'x-one', '1', 'set-cookie',
      'b=2; Path=/', 'x-one', '2', 'set-cookie', 'c=3'])
  })
})

withPython('HEAD, 204 and 304: no body, content-length is kept', status, async (python) => {
  const get = await python.handleRequest({ url: '/200' })
  const head = await python.handleRequest({ method: 'HEAD', url: '/200' })
  assert.ok(get.body.length > 0)
  assert.equal(head.body.length, 0)
  assert.equal(head.headers.get('content-length'), get.headers.get('content-length'))
  for (const code of [204, 304]) {
    const response = await python.handleRequest({ url: `/${code}` })
    assert.equal(response.status, code)
    assert.equal(response.body.length, 0)
  }
  await withServer(python.listener, async (origin) => {
    const overHttp = await fetch(`${origin}/200`, { method: 'HEAD' })
    assert.equal(overHttp.headers.get('content-length'), get.headers.get('content-length'))
    assert.equal(await overHttp.text(), '')
    assert.equal((await fetch(`${origin}/418`)).status, 418)
    assert.equal((await fetch(`${origin}/204`)).status, 204)
  })
})

/** For each path of error_app.py: the type of the app's error, and facts in its message. */
const FAILURES = {
  before_start: ['ValueError', 'raised before the response started'],
  no_response: ['RuntimeError', 'response'],
  start_only: ['RuntimeError', 'response', /complet/],
  nonsense: ['TypeError', "'not a message'", "'type'"],
  no_type: ['ValueError', "'type'"],
  bad_type: ['RuntimeError', 'http.response.start', /got 'http\.response\.begin'/],
  websocket_type: ['RuntimeError', 'http.response.start', /got 'websocket\.accept'/],
  body_before_start: ['RuntimeError', 'http.response.start', /got 'http\.response\.body'/],
  double_start: ['RuntimeError', 'http.response.body', /got 'http\.response\.start'/],
  bad_status: ['TypeError', 'status', 'int', "'200 OK'"],
  status_out_of_range: ['ValueError', 'status', '200', '999', '1000'],
  no_status: ['ValueError', 'http.response.start', "'status'"],
  bad_header: ['ValueError', "b'x-bad'"],
  bad_header_name: ['ValueError', "b'not a name'"],
  header_of_str: ['TypeError', 'name', 'bytes', 'str'],
  header_not_a_pair: ['ValueError', 'header', 'pair'],
  headers_not_iterable: ['TypeError', 'iterable'],
  headers_raise: ['LookupError', 'the iterable of headers raised'],
  headers_too_large: ['ValueError', '530039', '524288'],
  body_of_str: ['TypeError', "'body'", 'bytes', 'str'],
  content_length_short: ['RuntimeError', 'content-length', '5', '10'],
  content_length_long: ['RuntimeError', 'content-length', '8', '4'],
  content_length_bad: ['ValueError', 'content-length'],
  system_exit: ['SystemExit', '3'],
  system_exit_later: ['SystemExit', '3'],
  keyboard_interrupt: ['KeyboardInterrupt'],
  keyboard_interrupt_later: ['KeyboardInterrupt'],
  generator_exit: ['GeneratorExit'],
  stop_iteration: ['RuntimeError', 'StopIteration'],
  cancelled: ['asyncio.exceptions.CancelledError'],
  cancels_itself: ['asyncio.exceptions.CancelledError'],
  exception_group: [/^(ExceptionGroup|ValueError)$/],
  chained: ['RuntimeError', 'raised because of another'],
  unprintable: ['error_app.Unprintable'],
  surrogates: ['ValueError', 'half a character'],
  long_message: ['ValueError', /^xxx/],
  recursion: ['RecursionError', 'maximum recursion depth'],
  memory_error: [/^(MemoryError|OverflowError)$/],
  not_awaitable: ['TypeError', /await/]
}

withPython('an error before the response: ERR_APP, the worker stays', errors, async (python) => {
  const { pid } = python.stats().workers[0]
  for (const [path, [type, ...facts]] of Object.entries(FAILURES)) {
    await assert.rejects(python.handleRequest({ url: `/${path}` }), (error) => {
      assert.equal(error.code, 'ERR_APP', path)
      if (type instanceof RegExp) assert.match(error.type, type, path)
      else assert.equal(error.type, type, path)
      assertFacts(error.pythonMessage, facts)
      assert.equal(error.responseStarted, false, path)
      return true
    }, path)
    assert.equal((await python.handleRequest({ url: '/ok' })).body.toString(), 'ok', path)
  }
  await assert.rejects(python.handleRequest({ url: '/chained' }), (error) => {
    assert.match(error.traceback, /KeyError: 'missing'[^]*direct cause[^]*RuntimeError/)
    assert.match(error.traceback, /error_app\.py/)
    return true
  })
  assert.equal(python.stats().workers[0].pid, pid)
})

withPython('an error after the start breaks off the stream', errors, async (python) => {
  for (const path of ['after_start', 'incomplete']) {
    const response = await python.handleStream({ url: `/${path}` })
    assert.equal(response.status, 200)
    await assert.rejects(async () => { for await (const chunk of response) assert.ok(chunk) },
      (error) => error.code === 'ERR_APP' && error.responseStarted === true)
    await assert.rejects(python.handleRequest({ url: `/${path}` }), { code: 'ERR_APP' })
  }
  await withServer(python.listener, async (origin) => {
    for (const path of ['after_start', 'incomplete']) {
      await assert.rejects(fetch(`${origin}/${path}`).then((response) => response.text()))
    }
  })
})

withPython('an error before the start is a 500 without traceback', errors, async (python) => {
  await withServer(python.listener, async (origin) => {
    for (const path of ['before_start', 'content_length_short', 'bad_header', 'system_exit']) {
      const response = await fetch(`${origin}/${path}`)
      assert.equal(response.status, 500, path)
      assert.doesNotMatch(await response.text(), /Traceback|error_app/)
    }
    assert.equal((await fetch(`${origin}/return_value`)).status, 200)
  })
})

withPython('send() raises for messages that are out of order', errors, async (python) => {
  assert.equal((await python.handleRequest({ url: '/bad_order' })).body.toString(), 'all')
  assert.equal((await python.handleRequest({ url: '/caught_order' })).body.toString(), 'recovered')
  const last = (await python.handleRequest({ url: '/last' })).json()
  assertFacts(last, [/^RuntimeError: /, 'http.response.start', /got 'http\.response\.body'/])
})

withPython('a refused start took the body of the next response', errors, async (python) => {
  const response = await python.handleRequest({ url: '/caught_no_content' })
  assert.equal(response.status, 200)
  assert.equal(response.body.toString(), 'recovered')
  assert.match((await python.handleRequest({ url: '/last' })).json(), /^ValueError: .*name/)
})

const afterDisconnect = 'send() after a disconnect raises an OSError, which is not an app error'
withPython(afterDisconnect, errors, async (python) => {
  const lines = []
  python.on('stderr', (line) => lines.push(line))
  const abort = new AbortController()
  const request = python.handleRequest({ url: '/send_after_disconnect' }, { signal: abort.signal })
  setTimeout(() => abort.abort(), 50)
  await assert.rejects(request, { name: 'AbortError' })
  await eventually(async () => {
    assert.match((await python.handleRequest({ url: '/last' })).json(), /^ClientDisconnected: /)
  })
  assert.deepEqual(lines, [])
})

const ownException = "a framework's own exception after a disconnect is not an app error"
withPython(ownException, errors, async (python) => {
  const lines = []
  python.on('stderr', (line) => lines.push(line))
  const request = python.handleRequest({ url: '/disconnect_of_its_own' },
    { signal: AbortSignal.timeout(50) })
  await assert.rejects(request, { name: 'TimeoutError' })
  await eventually(async () => {
    assert.equal((await python.handleRequest({ url: '/last' })).json(), 'ClientDisconnect')
  })
  assert.deepEqual(lines, [])
})

withPython('an error after the response is logged with its traceback', errors, async (python) => {
  const lines = []
  python.on('stderr', (line) => lines.push(line))
  assert.equal((await python.handleRequest({ url: '/after_complete' })).body.toString(), 'complete')
  await eventually(() => assert.match(lines.join('\n'),
    /Traceback[^]*ValueError: raised after the response was complete/))
})
