import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { WorkerError } from '../../../addon/lib/errors.js'
import { parseOptions } from '../../../addon/lib/options.js'
import { Pool } from '../../../addon/lib/pool/pool.js'
import { RequestStream } from '../../../addon/lib/stream/request-stream.js'
import { createLog } from '../../support/fake-binding.js'

/** Counts as a worker does, and leaves everything else to the test. */
class Worker {
  inFlight = 0
  sockets = 0
  sent = []

  send (stream) {
    this.inFlight++
    this.sent.push(stream)
    stream.opened(this, this.sent.length, 0)
  }

  streams () {
    return this.sent.values()
  }

  abort () {}

  done () {
    const stream = this.sent.shift()
    this.inFlight--
    stream.respond(200, '', undefined, true)
  }
}

class Stream extends RequestStream {
  outcome = null
  constructor (head = '') { super(head, undefined) }
  onStart (status) { this.outcome = status }
  onError (error) { this.outcome = error.code }
}

const pools = []
// A request that waits keeps the process alive.
after(() => Promise.all(pools.map((pool) => pool.close(0))))

function makePool (options) {
  const pool = new Pool(parseOptions(options))
  pools.push(pool)
  return pool
}

function submit (pool, count = 1) {
  const streams = Array.from({ length: count }, () => new Stream())
  for (const stream of streams) pool.submit(stream)
  return count === 1 ? streams[0] : streams
}

test('a request waits for the first worker', () => {
  const pool = makePool()
  const streams = submit(pool, 3)
  assert.equal(pool.queued, 3)
  const worker = new Worker()
  pool.add(worker)
  assert.equal(pool.queued, 0)
  assert.deepEqual(worker.sent, streams)
  assert.equal(pool.inFlight, 3)
})

test('workers are filled up to their concurrency, then the queue, then it is full', () => {
  const pool = makePool({ concurrency: 1, maxQueue: 1 })
  const workers = [new Worker(), new Worker()]
  for (const worker of workers) pool.add(worker)
  const streams = submit(pool, 4)
  assert.deepEqual(workers.map((worker) => worker.inFlight), [1, 1])
  assert.deepEqual(streams.map(({ outcome }) => outcome), [null, null, null, 'ERR_QUEUE_FULL'])
  workers[1].done()
  pool.feed()
  assert.deepEqual(workers[1].sent, [streams[2]])
})

test('nobody overtakes the queue', () => {
  const pool = makePool({ concurrency: 1 })
  const worker = new Worker()
  pool.add(worker)
  const [, second] = submit(pool, 2)
  worker.done()
  const third = submit(pool)
  assert.equal(pool.queued, 2)
  pool.feed()
  assert.deepEqual(worker.sent, [second])
  assert.equal(third.outcome, null)
})

test('a request that is cancelled in the queue leaves its place', () => {
  const pool = makePool({ maxQueue: 1 })
  const stream = submit(pool)
  stream.cancel(Object.assign(new Error('x'), { code: 'X' }))
  assert.equal(stream.outcome, 'X')
  assert.equal(pool.queued, 0)
  assert.equal(submit(pool).outcome, null)
})

test('without hope for a worker requests fail at once, until one is ready', () => {
  const pool = makePool()
  const waiting = submit(pool)
  pool.fail(Object.assign(new Error('x'), { code: 'ERR_APP_IMPORT' }))
  assert.equal(waiting.outcome, 'ERR_APP_IMPORT')
  assert.equal(submit(pool).outcome, 'ERR_APP_IMPORT')
  const worker = new Worker()
  pool.add(worker)
  assert.equal(submit(pool).carrier, worker)
})

test('a worker that was removed gets nothing more', () => {
  const pool = makePool()
  const worker = new Worker()
  pool.add(worker)
  pool.remove(worker)
  pool.remove(worker)
  assert.equal(submit(pool).carrier, null)
})

test('close() lets the queue reach a worker', async () => {
  const pool = makePool({ concurrency: 1 })
  const worker = new Worker()
  pool.add(worker)
  const streams = submit(pool, 3)
  let closed = false
  const closing = pool.close(30_000).then((left) => {
    closed = true
    assert.ok(left > 0)
  })
  assert.equal(submit(pool).outcome, 'ERR_CLOSED')
  for (let i = 0; i < 2; i++) {
    await Promise.resolve()
    assert.equal(closed, false)
    worker.done()
    pool.feed()
  }
  await closing
  assert.deepEqual(streams.map(({ outcome }) => outcome), [200, 200, null])
})

test('close() failed requests whose bodies were arriving, although there was time', async () => {
  const pool = makePool({ concurrency: 1 })
  const worker = new Worker()
  pool.add(worker)
  const [first, second, third] = [new Stream(), new Stream(), new Stream()]
  for (const stream of [first, second, third]) pool.expect(stream)
  let isOver = false
  const closing = pool.close(30_000).then(() => { isOver = true })
  assert.equal(submit(pool).outcome, 'ERR_CLOSED')
  pool.submit(first)
  pool.submit(second)
  pool.forget(third)
  assert.deepEqual(worker.sent, [first])
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(isOver, false)
  worker.done()
  pool.feed()
  await closing
  worker.done()
  assert.deepEqual([first.outcome, second.outcome, third.outcome], [200, 200, null])
})

test('close() fails what waits for too long', async () => {
  const pool = makePool({ concurrency: 1 })
  pool.add(new Worker())
  const streams = submit(pool, 2)
  // A timer may fire a fraction of a millisecond early.
  assert.ok(await pool.close(1) < 1)
  assert.deepEqual(streams.map(({ outcome }) => outcome), [null, 'ERR_CLOSED'])
})

test('requests in a worker that takes no more are still timed out', async () => {
  const pool = makePool({ timeouts: { request: 10 } })
  const worker = new Worker()
  pool.members = () => [worker]
  pool.add(worker)
  const stream = submit(pool)
  pool.remove(worker)
  assert.equal(pool.inFlight, 1)
  const keepAlive = setInterval(() => {}, 1000)
  while (stream.outcome === null) await new Promise(setImmediate)
  clearInterval(keepAlive)
  assert.equal(stream.outcome, 'ERR_REQUEST_TIMEOUT')
})

test('a request without a response is timed out, in flight and in the queue', async () => {
  const pool = makePool({ concurrency: 1, timeouts: { request: 10 } })
  const worker = new Worker()
  pool.add(worker)
  const streams = submit(pool, 2)
  const keepAlive = setInterval(() => {}, 1000)
  while (streams.some(({ outcome }) => outcome === null)) await new Promise(setImmediate)
  clearInterval(keepAlive)
  assert.deepEqual(streams.map(({ outcome }) => outcome),
    ['ERR_REQUEST_TIMEOUT', 'ERR_REQUEST_TIMEOUT'])
  await pool.close(0)
})

test('a request whose response has started is not timed out, nor one with a limit of its own',
  async () => {
    const pool = makePool({ timeouts: { request: 5 } })
    pool.add(new Worker())
    const [started, own, plain] = submit(pool, 3)
    started.respond(200, '', undefined, false)
    own.limit({ timeout: 0 })
    const keepAlive = setInterval(() => {}, 1000)
    while (plain.outcome === null) await new Promise(setImmediate)
    clearInterval(keepAlive)
    assert.equal(started.outcome, 200)
    assert.equal(own.outcome, null)
    await pool.close(0)
  })

test('submitNow() never queues', () => {
  const pool = makePool({ concurrency: 1 })
  const [first, second, third] = [new Stream(), new Stream(), new Stream()]
  assert.equal(pool.submitNow(first), null)
  const worker = new Worker()
  pool.add(worker)
  assert.equal(pool.submitNow(second), worker)
  assert.equal(pool.submitNow(third), null)
  assert.deepEqual([first, second, third].map(({ outcome }) => outcome),
    ['ERR_NO_WORKER', null, 'ERR_NO_WORKER'])
  assert.equal(pool.queued, 0)
  assert.equal(pool.rejected, 2)
})

const lost = (signal = 'SIGKILL') => new WorkerError('ERR_WORKER_CRASHED', 'GET / was lost', {
  worker: 1, pid: 2, signal
})

test('a request that two workers have died with was given to a third', () => {
  const log = createLog()
  const pool = makePool({ retry: 5, logger: log })
  const workers = [new Worker(), new Worker(), new Worker()]
  const stream = new Stream('GET\0http\x001.1\0/kills')
  stream.repeatable = true
  pool.add(workers[0])
  pool.submit(stream)
  for (const [i, worker] of workers.entries()) {
    pool.remove(worker)
    if (i < 2) pool.add(workers[i + 1])
    if (worker.sent.length > 0) pool.resubmit(stream, lost())
  }
  assert.deepEqual(workers.map(({ sent }) => sent.length), [1, 1, 0])
  assert.equal(stream.outcome, 'ERR_WORKER_CRASHED')
  assert.equal(log.lines.length, 1)
  assert.match(log.lines[0], /^error .*GET \/kills.* 2 workers/)
})

test('a request is not blamed for the end of a fork server', () => {
  const pool = makePool({ retry: 5 })
  const worker = new Worker()
  pool.add(worker)
  const stream = new Stream()
  stream.repeatable = true
  pool.submit(stream)
  for (let i = 0; i < 5; i++) pool.resubmit(stream, lost(null))
  assert.equal(worker.sent.length, 6)
  assert.equal(stream.outcome, null)
})
