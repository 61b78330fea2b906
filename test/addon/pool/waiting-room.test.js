import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { encodeHead, encodeSocketHead } from '../../../addon/lib/message/head.js'
import { parseOptions } from '../../../addon/lib/options.js'
import { WaitingRoom } from '../../../addon/lib/pool/waiting-room.js'

/** A request as far as the queue looks at it. */
function request (url, { body, ...options } = {}) {
  return { head: encodeHead({ url, ...options }, -1), body, isWebSocket: false }
}

function room (options) {
  return new WaitingRoom(parseOptions({ maxQueue: 1, ...options }))
}

/** Whether a request gets into a queue that is full. */
function getsIn (stream, options) {
  const waiting = room(options)
  assert.notEqual(waiting.push(request('/page')), null)
  assert.equal(waiting.push(request('/page')), null)
  return waiting.push(stream) !== null
}

describe('WaitingRoom', () => {
  it('refused health checks when it was full', () => {
    for (const path of ['/health', '/healthz', '/livez', '/readyz', '/healthz?full=1']) {
      assert(getsIn(request(path)), path)
      assert(getsIn(request(path, { method: 'HEAD' })), path)
      assert(getsIn(request(`http://h:1${path}`, { prefix: '/api' })), path)
      assert(getsIn(request(path), { rootPath: '/api' }), path)
      assert(getsIn(request(`/api${path}`), { rootPath: '/api' }), path)
    }
  })

  it('takes nothing else for a health check', () => {
    for (const stream of [
      request('/'), request('/health/'), request('/healthz/x'), request('/api/health'),
      request('/x?/health'), request('/health', { method: 'POST' }),
      request('/health', { body: Buffer.from('x') }),
      { ...request('/health'), head: encodeSocketHead({ url: '/health' }), isWebSocket: true }
    ]) assert(!getsIn(stream), stream.head)
    assert(!getsIn(request('/health'), { healthPaths: [] }))
    assert(!getsIn(request('/health'), { healthPaths: ['/up'] }))
    assert(getsIn(request('/up'), { healthPaths: ['/up'] }))
  })

  it('has 8 places for health checks, which count for nobody else', () => {
    const waiting = room()
    for (let i = 0; i < 8; i++) assert.notEqual(waiting.push(request('/health')), null)
    const [ninth, page] = [request('/health'), request('/page')]
    assert.notEqual(waiting.push(ninth), null, 'the place of an ordinary request')
    assert.equal(waiting.push(page), null)
    assert.equal(waiting.length, 9)
    for (let i = 0; i < 9; i++) waiting.shift()
    assert.equal(waiting.length, 0)
    assert.equal(waiting.shift(), null)
  })

  it('lets health checks go first, but no two in a row while others wait', () => {
    const waiting = room({ maxQueue: 3 })
    const [a, b, c] = ['/a', '/b', '/c'].map((path) => request(path))
    const [first, second, third] = [1, 2, 3].map(() => request('/health'))
    for (const stream of [a, b, first, second, third, c]) waiting.push(stream)
    assert.deepEqual([...waiting].length, 6)
    const order = []
    for (let stream = waiting.shift(); stream !== null; stream = waiting.shift()) {
      order.push(stream)
    }
    assert.deepEqual(order, [first, a, second, b, third, c])
    waiting.push(first)
    waiting.push(second)
    assert.deepEqual([waiting.shift(), waiting.shift()], [first, second])
  })

  it('lets a health check leave its place', () => {
    const waiting = room()
    const [first, second] = [request('/health'), request('/health')]
    const ticket = waiting.push(first)
    waiting.push(second)
    ticket.remove()
    assert.deepEqual([...waiting], [second])
  })
})
