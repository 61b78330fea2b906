import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { Request } from '../../../addon/lib/index.js'
import { fakeHandler, stayAlive } from '../../support/fake-handler.js'

/** An application that answers with what it got. */
const mirror = {
  app (request) {
    const answer = () => request.respond(200, JSON.stringify({
      method: request.method, path: request.path, body: request.body, headers: request.headers
    }))
    if (request.ended) answer()
    else request.onBody = () => { if (request.ended) answer() }
  }
}

function mirrorHandler (t) {
  const { python } = fakeHandler(t, {}, mirror)
  const seen = async (...args) => {
    const { headers: list, ...rest } = await (await python.fetch(...args)).json()
    const headers = {}
    for (let i = 0; i < list.length; i += 2) headers[list[i].toLowerCase()] = list[i + 1]
    return { ...rest, headers }
  }
  return { python, seen }
}

test('fetch can be used without its handler', async (t) => {
  const { python } = mirrorHandler(t)
  const { fetch } = python
  assert.equal((await fetch('/x')).status, 200)
  assert.equal((await [new globalThis.Request('http://h/y')].map((one) => fetch(one))[0]).status,
    200)
})

test('fetch takes a path, a URL as text or object, and a Request', async (t) => {
  const { seen } = mirrorHandler(t)
  for (const [input, path, host] of [
    ['/x?y=1#z', '/x', 'localhost'],
    ['x', '/x', 'localhost'],
    ['http://h:81/x', '/x', 'h:81'],
    [new URL('https://h/x#z'), '/x', 'h'],
    [new globalThis.Request('http://h/x'), '/x', 'h'],
    [new Request({ url: 'http://h/x' }), '/x', 'h'],
    [{ url: 'http://h/x' }, '/x', 'h']
  ]) {
    const got = await seen(input)
    assert.deepEqual([got.method, got.path, got.headers.host], ['GET', path, host])
  }
})

test('init gives method, headers and body', async (t) => {
  const { seen } = mirrorHandler(t)
  const got = await seen('/x', {
    method: 'post',
    headers: [['X-A', '1']],
    body: 'text',
    mode: 'cors',
    credentials: 'include',
    cache: 'no-store',
    next: { revalidate: 1 }
  })
  assert.equal(got.method, 'POST')
  assert.equal(got.body, 'text')
  assert.equal(got.headers['x-a'], '1')
  assert.equal(got.headers['content-type'], 'text/plain;charset=UTF-8')
  assert.equal(got.headers['content-length'], '4')
  const json = await seen('/x', {
    method: 'PATCH',
    headers: new globalThis.Headers({ 'content-type': 'application/json' }),
    body: '{}'
  })
  assert.equal(json.headers['content-type'], 'application/json')
})

test('init replaces what a Request has, and keeps the rest', async (t) => {
  const { seen } = mirrorHandler(t)
  const request = () => new globalThis.Request('http://h/x', {
    method: 'POST', headers: { a: '1', 'content-type': 'text/x' }, body: 'old'
  })
  const kept = await seen(request(), { headers: undefined, body: null })
  assert.deepEqual([kept.method, kept.body, kept.headers.a], ['POST', 'old', '1'])
  const changed = await seen(request(), { method: 'PUT', body: 'new' })
  assert.deepEqual([changed.method, changed.body, changed.headers.a], ['PUT', 'new', '1'])
  assert.equal(changed.headers['content-type'], 'text/x')
  const headers = await seen(request(), { headers: { b: '2' } })
  assert.deepEqual([headers.body, headers.headers.a, headers.headers.b], ['old', undefined, '2'])
  const ours = await seen(new Request({ url: '/x', headers: { a: '1' } }), { method: 'DELETE' })
  assert.deepEqual([ours.method, ours.headers.a], ['DELETE', '1'])
})

test('what a platform passes as second argument is ignored', async (t) => {
  const { seen } = mirrorHandler(t)
  const got = await seen(new globalThis.Request('http://h/x'),
    { incoming: {}, outgoing: {} }, { waitUntil () {} })
  assert.equal(got.method, 'GET')
})

test('the length of a body that is there already is known', async (t) => {
  const { seen } = mirrorHandler(t)
  const form = new FormData()
  form.append('file', new Blob(['x'.repeat(1000)]))
  for (const body of ['text', new URLSearchParams('a=1'), form]) {
    const got = await seen(new globalThis.Request('http://h/', { method: 'POST', body }))
    assert.equal(got.headers['content-length'], String(got.body.length))
  }
})

test('a body that is still arriving, and a long one, are sent as they come', async (t) => {
  const { seen } = mirrorHandler(t)
  async function * slow () {
    yield Buffer.from('one ')
    await sleep(20)
    yield Buffer.from('two')
  }
  const request = (body) => new globalThis.Request('http://h/',
    { method: 'POST', body, duplex: 'half' })
  const slowly = await seen(request(ReadableStream.from(slow())))
  assert.equal(slowly.body, 'one two')
  assert.equal(slowly.headers['content-length'], undefined)
  const long = Array(40).fill(Buffer.alloc(50_000, 'x'))
  assert.equal((await seen(request(ReadableStream.from(long)))).body.length, 2_000_000)
  const direct = await seen('/', { method: 'POST', body: ReadableStream.from(slow()) })
  assert.equal(direct.body, 'one two')
})

test('a body whose rest nobody wants is cancelled', async (t) => {
  const { python } = mirrorHandler(t)
  let body
  const cancelled = new Promise((resolve) => {
    body = new ReadableStream({
      start (controller) { controller.enqueue(Buffer.from('x')) },
      cancel: resolve
    })
  })
  const controller = new AbortController()
  const request = new globalThis.Request('http://h/',
    { method: 'POST', body, duplex: 'half', signal: controller.signal })
  const answer = assert.rejects(python.fetch(request), { name: 'AbortError' })
  await sleep(20)
  controller.abort()
  await answer
  await cancelled
})

test('a signal in init aborts', async (t) => {
  stayAlive(t)
  const { python } = fakeHandler(t, {}, { app () {} })
  await python.ready
  const signal = AbortSignal.timeout(10)
  await assert.rejects(python.fetch('/', { signal }), { name: 'TimeoutError' })
  const other = new globalThis.Request('http://h/', { signal: AbortSignal.abort() })
  await assert.rejects(python.fetch(other), { name: 'AbortError' })
  await assert.rejects(python.fetch('/', { signal: 'soon' }),
    { code: 'ERR_INVALID_OPTION', option: 'signal' })
})

test('what fetch cannot send rejects', async (t) => {
  const { python } = mirrorHandler(t)
  const used = new globalThis.Request('http://h/', { method: 'POST', body: 'x' })
  await used.text()
  const locked = new globalThis.Request('http://h/', { method: 'POST', body: 'x' })
  locked.body.getReader()
  for (const [code, ...args] of [
    ['ERR_INVALID_URL'],
    ['ERR_INVALID_URL', null],
    ['ERR_INVALID_URL', {}],
    ['ERR_INVALID_URL', 5],
    ['ERR_INVALID_URL', 'http://[bad'],
    ['ERR_INVALID_URL', 'ftp://h/'],
    ['ERR_INVALID_URL', 'http://user:secret@h/'],
    ['ERR_INVALID_OPTION', '/', 'POST'],
    ['ERR_INVALID_OPTION', '/', 0],
    ['ERR_INVALID_METHOD', '/', { method: '' }],
    ['ERR_INVALID_HEADER', '/', { headers: 5 }],
    ['ERR_INVALID_BODY', '/', { body: 'x' }],
    ['ERR_INVALID_BODY', '/', { method: 'head', body: 'x' }],
    ['ERR_INVALID_BODY', '/', { method: 'POST', body: { a: 1 } }],
    ['ERR_INVALID_BODY', used],
    ['ERR_INVALID_BODY', locked]
  ]) {
    await assert.rejects(python.fetch(...args), (error) => {
      assert.equal(error.code, code, `${error.message} for ${String(args[0])}`)
      assert.doesNotMatch(error.message, /secret/)
      return true
    })
  }
})

test('a web Request that was read is refused by every method', async (t) => {
  const { python } = mirrorHandler(t)
  const used = new globalThis.Request('http://h/', { method: 'POST', body: 'x' })
  await used.text()
  for (const method of ['handleRequest', 'handleStream']) {
    await assert.rejects(python[method](used), { code: 'ERR_INVALID_BODY' })
  }
  assert.throws(() => python.handleRequestSync(used), { code: 'ERR_INVALID_BODY' })
})

test('the response of fetch is one of the web', async (t) => {
  const { python } = fakeHandler(t, {}, {
    app: (request) => request.respond(request.path === '/empty' ? 204 : 404, 'no',
      ['set-cookie', 'a', 'set-cookie', 'b'])
  })
  const response = await python.fetch('/x')
  assert.ok(response instanceof globalThis.Response)
  assert.deepEqual([response.status, response.statusText, response.ok, response.url],
    [404, 'Not Found', false, 'http://localhost/x'])
  assert.deepEqual(response.headers.getSetCookie(), ['a', 'b'])
  assert.equal(await response.text(), 'no')
  assert.equal((await python.fetch('/empty')).body, null)
  assert.equal((await python.fetch('/', { method: 'head' })).body, null)
})

test('a web stream of text as the body was a raw TypeError', async (t) => {
  const { python, seen } = mirrorHandler(t)
  const text = ReadableStream.from(['ü', Buffer.from('x')])
  const whole = await seen('/', { method: 'POST', body: text })
  assert.equal(Buffer.from(whole.body, 'latin1').toString(), 'üx')
  assert.equal(whole.headers['content-length'], '3')
  const request = new globalThis.Request('http://h/',
    { method: 'POST', body: ReadableStream.from(['a', 'b']), duplex: 'half' })
  assert.match((await python.handleRequest(request)).body.toString(), /"body":"ab"/)
  const buffers = ReadableStream.from([Buffer.from('a'), new Uint8Array([98]).buffer])
  assert.equal((await seen('/', { method: 'POST', body: buffers })).body, 'ab')
  for (const piece of [5, undefined, {}]) {
    const body = new ReadableStream({
      start (controller) {
        controller.enqueue('a')
        controller.enqueue(piece)
        controller.close()
      }
    })
    await assert.rejects(python.fetch('/', { method: 'POST', body }), { code: 'ERR_INVALID_BODY' })
  }
})

test('init made a GET with a body of a Request that was a POST', async (t) => {
  const { python } = mirrorHandler(t)
  for (const method of ['GET', 'head']) {
    const request = new globalThis.Request('http://h/', { method: 'POST', body: 'x' })
    await assert.rejects(python.fetch(request, { method }), { code: 'ERR_INVALID_BODY' })
  }
})

test('a clone of the response had no url', async (t) => {
  const { python } = mirrorHandler(t)
  const clone = (await python.fetch('/x')).clone()
  assert.equal(clone.url, 'http://localhost/x')
  assert.equal(clone.clone().url, 'http://localhost/x')
  assert.equal((await clone.json()).path, '/x')
})

test('with init, unknown keys of a plain object were ignored', async (t) => {
  const { python, seen } = mirrorHandler(t)
  const init = { headers: { a: 'b' } }
  await assert.rejects(python.fetch({ url: '/', method: 'POST', json: {} }, init),
    { code: 'ERR_INVALID_OPTION', option: 'json' })
  const request = new Request({ url: '/', method: 'POST', body: 'x' })
  assert.equal((await seen(request, init)).body, 'x')
  assert.equal((await seen({ url: '/', method: 'POST', body: 'y' }, init)).body, 'y')
})

test('an error after the start of a response without a body ended Node', async (t) => {
  stayAlive(t)
  let request
  const { python } = fakeHandler(t, {}, {
    app (one) {
      request = one
      one.start(one.path === '/empty' ? 204 : 200)
    }
  })
  for (const [path, method] of [['/', 'HEAD'], ['/empty', 'GET']]) {
    assert.equal((await python.fetch(path, { method })).body, null)
    request.raise('ValueError', 'late', 'Traceback')
    await sleep(20)
  }
})
