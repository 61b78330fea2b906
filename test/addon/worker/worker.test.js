import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { signalName } from '../../../addon/lib/errors.js'
import { parseOptions } from '../../../addon/lib/options.js'
import { RequestStream } from '../../../addon/lib/stream/request-stream.js'
import { retirementPlan } from '../../../addon/lib/supervisor/drain-plan.js'
import { Worker } from '../../../addon/lib/worker/worker.js'
import { createFake, settle } from '../../support/fake-binding.js'
import { recordingOwner } from '../../support/recording-owner.js'
import { stopClock } from '../../support/time.js'

class Stream extends RequestStream {
  events = []
  onStart (status, headers, body, end) { this.events.push(['start', status, text(body), end]) }
  onBody (body, end) { this.events.push(['body', text(body), end]) }
  onError (error) { this.events.push(['error', error.code]) }
}

const text = (body) => body === undefined ? undefined : body.toString()

const workers = []
// Their deadlines would keep the process alive.
after(() => { for (const worker of workers) worker.release() })

/** A worker with a process, and an owner that keeps what it hears. */
function makeWorker (app = () => {}, startWorker = (process) => process.ready(), options = {}) {
  const { owner, heard } = recordingOwner()
  const fake = createFake({ app, startWorker, startServer: () => {} })
  const worker = new Worker(1, fake.binding, parseOptions(options), owner)
  workers.push(worker)
  const control = new fake.binding.Control(() => {})
  fake.system.spawn('python', [], {})
  worker.forking(control.fork(1, worker.channel))
  return { worker, fake, heard, process: fake.workers[0] }
}

const names = (heard) => heard.map(([name]) => name)

test('it becomes ready, takes a request and answers it', async () => {
  const { worker, heard } = makeWorker((request) => request.respond(200, 'hi'))
  assert.equal(worker.state, 'starting')
  await settle()
  assert.equal(worker.state, 'ready')
  assert.deepEqual(names(heard), ['onForked', 'onReady'])
  const stream = new Stream('GET', undefined)
  worker.send(stream)
  assert.equal(worker.inFlight, 1)
  await settle()
  assert.deepEqual(stream.events, [['start', 200, 'hi', true]])
  assert.equal(worker.inFlight, 0)
  assert.deepEqual(names(heard), ['onForked', 'onReady', 'onBusy', 'onFreed'])
})

test('one that is debugged and is to end is told so in its debugger', async () => {
  for (const [debug, signals] of [[false, []], [true, ['SIGINT']]]) {
    const { worker, heard } = makeWorker(undefined, undefined, { debug })
    await settle()
    worker.stop('reload', retirementPlan(parseOptions().timeouts, 1000))
    assert.deepEqual(heard.filter(([name]) => name === 'onSignal')
      .map(([,, signal]) => signalName(signal)), signals)
  }
})

test('it keeps Node alive while it starts and while requests are in flight', async () => {
  const { worker, fake } = makeWorker()
  const [channel] = fake.channels
  assert.equal(channel.isRef, true)
  await settle()
  assert.equal(channel.isRef, false)
  worker.send(new Stream('GET', undefined))
  worker.send(new Stream('GET', undefined))
  assert.equal(channel.isRef, true)
  await settle()
  fake.requests[0].respond(200, '')
  await settle()
  assert.equal(channel.isRef, true)
  fake.requests[1].respond(200, '')
  await settle()
  assert.equal(channel.isRef, false)
})

test('many responses in one batch report free room once', async () => {
  const { worker, heard, fake } = makeWorker((request) => request.respond(200, ''))
  await settle()
  for (let i = 0; i < 5; i++) worker.send(new Stream('GET', undefined))
  await settle()
  assert.equal(fake.channels[0].drains, 2)
  assert.equal(names(heard).filter((name) => name === 'onFreed').length, 1)
})

test('an exception in one consumer fails its request, and not those of others', async () => {
  const { worker } = makeWorker((request) => request.respond(200, ''))
  await settle()
  const bad = new Stream('GET', undefined)
  const broken = Object.assign(new Error('in the consumer'), { code: 'BROKEN' })
  bad.onStart = () => { throw broken }
  const good = new Stream('GET', undefined)
  worker.send(bad)
  worker.send(good)
  await settle()
  assert.deepEqual(bad.events, [['error', 'BROKEN']])
  assert.deepEqual(good.events, [['start', 200, undefined, true]])
})

test('a response in pieces', async () => {
  const { worker } = makeWorker((request) => {
    request.start(200)
    request.send('a')
    request.send('b', true)
  })
  await settle()
  const stream = new Stream('GET', undefined)
  worker.send(stream)
  await settle()
  assert.deepEqual(stream.events,
    [['start', 200, undefined, false], ['body', 'a', false], ['body', 'b', true]])
})

test('a long body is sent in chunks, as credit arrives', async () => {
  const { worker, fake } = makeWorker()
  await settle()
  const body = Buffer.from('0123456789'.repeat(100))
  worker.send(new Stream('POST', body))
  const [request] = fake.requests
  assert.equal(request.body.length, fake.binding.limits.chunk)
  while (!request.ended) await settle(1)
  assert.equal(request.body, body.toString())
})

test('an application that does not read gets one window', async () => {
  const { worker, fake } = makeWorker()
  await settle()
  worker.send(new Stream('POST', Buffer.alloc(10_000)))
  const [request] = fake.requests
  request.reads = false
  await settle()
  assert.equal(request.body.length, fake.binding.limits.window)
  request.read()
  await settle()
  assert.equal(request.body.length, 2 * fake.binding.limits.window)
})

test('an aborted request counts until the worker is done with it', async () => {
  const { worker, fake } = makeWorker()
  await settle()
  const stream = new Stream('GET', undefined)
  worker.send(stream)
  await settle()
  stream.cancel(Object.assign(new Error('x'), { code: 'X' }))
  assert.deepEqual(stream.events, [['error', 'X']])
  assert.ok(fake.requests[0].aborted)
  assert.equal(worker.inFlight, 1)
  await settle()
  assert.equal(worker.inFlight, 0)
  assert.deepEqual(stream.events, [['error', 'X']])
})

test('an application that returns without a response is an error', async () => {
  const { worker } = makeWorker((request) => request.closed())
  await settle()
  const stream = new Stream('GET', undefined)
  worker.send(stream)
  await settle()
  assert.deepEqual(stream.events, [['error', 'ERR_RESPONSE_ABORTED']])
})

test('an exception in the application reaches its request and the owner', async () => {
  const { worker, heard } = makeWorker((request) => request.raise('KeyError', 'x', 'Traceback'))
  await settle()
  const stream = new Stream('GET', undefined)
  worker.send(stream)
  await settle()
  assert.deepEqual(stream.events, [['error', 'ERR_APP']])
  const [, from, error] = heard.find(([name]) => name === 'onAppError')
  assert.equal(from, worker)
  assert.equal(error.traceback, 'Traceback')
})

test('a request that the addon refuses fails alone', async () => {
  const { worker } = makeWorker()
  await settle()
  const stream = new Stream('GET\r\n', undefined)
  worker.send(stream)
  assert.deepEqual(stream.events, [['error', 'ERR_INVALID_HEADER']])
  assert.equal(worker.inFlight, 0)
})

test('a crash fails the requests in flight after the last frames have been delivered', async () => {
  const { worker, heard, process, fake } = makeWorker()
  await settle()
  const answered = new Stream('GET', undefined)
  const open = new Stream('GET', undefined)
  worker.send(answered)
  worker.send(open)
  fake.requests[0].respond(200, 'in time')
  process.exit(null, 11)
  worker.exited(null, 11)
  await settle()
  assert.deepEqual(answered.events, [['start', 200, 'in time', true]])
  assert.deepEqual(open.events, [['error', 'ERR_WORKER_CRASHED']])
  assert.equal(worker.state, 'gone')
  assert.equal(names(heard).at(-1), 'onGone')
})

test('a corrupt ring fails the requests in flight at once', async () => {
  const { worker, heard, process } = makeWorker()
  await settle()
  const stream = new Stream('GET', undefined)
  worker.send(stream)
  process.corrupt('a length beyond the ring')
  await settle()
  assert.deepEqual(stream.events, [['error', 'ERR_WORKER_PROTOCOL']])
  assert.match(worker.error.message, /a length beyond the ring/)
  assert.deepEqual(heard.at(-1), ['onSignal', worker, 9])
  assert.equal(worker.state, 'dying')
  assert.equal(worker.reason, 'protocol')
})

test('requests of a worker that stopped by itself were said to be retired', async () => {
  const { worker, fake, process } = makeWorker()
  await settle()
  const stream = new Stream('POST', undefined)
  worker.send(stream)
  fake.channels[0].emit(fake.binding.eventTypes.STOPPED)
  fake.channels[0].deliver()
  worker.exited(1, 0, process.pid)
  worker.release()
  assert.deepEqual(stream.events, [['error', 'ERR_WORKER_CRASHED']])
  assert.equal(worker.endedAsTold, false)
})

test('a worker that closed its descriptors was silent for ever', async (t) => {
  const { worker, fake } = makeWorker()
  await settle()
  const stream = new Stream('GET', undefined)
  worker.send(stream)
  const clock = stopClock(t)
  fake.channels[0].emit(fake.binding.eventTypes.HANG_UP)
  fake.channels[0].deliver()
  assert.equal(worker.state, 'ready', 'the news of its end may be on its way')
  clock.pass(parseOptions().timeouts.kill)
  assert.equal(worker.state, 'dying')
  assert.match(worker.error.message, /closed the descriptors/)
  assert.deepEqual(stream.events, [['error', 'ERR_WORKER_PROTOCOL']])
})

test('a worker that has ended is not said to have closed its descriptors', async (t) => {
  const { worker, fake, process } = makeWorker()
  await settle()
  const clock = stopClock(t)
  fake.channels[0].emit(fake.binding.eventTypes.HANG_UP)
  fake.channels[0].deliver()
  worker.exited(null, 11, process.pid)
  worker.release()
  clock.pass(parseOptions().timeouts.kill)
  assert.equal(worker.error, null)
  assert.equal(worker.reason, 'crash')
})

test('an invalid ready message ends the worker and not Node', async () => {
  for (const json of ['{', 'null', '{"pid":"1"}']) {
    const { worker, heard } = makeWorker(() => {}, (process) => process.ready(json))
    await settle()
    assert.equal(worker.state, 'dying')
    assert.equal(worker.error.code, 'ERR_WORKER_PROTOCOL')
    assert.deepEqual(names(heard), ['onSignal'])
  }
})

test('a second stop can shorten the time that requests have, but not extend it', async () => {
  const { worker, fake } = makeWorker()
  await settle()
  const stream = new Stream('GET', undefined)
  worker.send(stream)
  const plan = (finish) => retirementPlan(parseOptions().timeouts, finish)
  assert.equal(worker.stop('recycle', plan(60_000)), true)
  assert.equal(worker.stop('close', plan(90_000)), false)
  assert.equal(fake.channels[0].patience, 63_000)
  assert.deepEqual(stream.events, [])
  assert.equal(worker.stop('close', plan(0)), true)
  assert.equal(fake.channels[0].patience, 3000)
  assert.deepEqual(stream.events, [['error', 'ERR_WORKER_RETIRED']])
})

test('its output goes to the owner, line by line', async () => {
  const { worker, heard, process } = makeWorker()
  process.stdout.write('one\ntwo\n')
  process.stderr.write('three\n\x1eEa record\x1fof two lines\n')
  await settle()
  assert.deepEqual(heard.filter(([name]) => name === 'onLine'), [
    ['onLine', worker, 'stdout', 'one', null],
    ['onLine', worker, 'stdout', 'two', null],
    ['onLine', worker, 'stderr', 'three', null],
    ['onLine', worker, 'stderr', 'a record\nof two lines', 'error']
  ])
})

test('an aborted request kept Node alive until the application had ended it', async () => {
  const { worker, fake } = makeWorker()
  const [channel] = fake.channels
  await settle()
  const [aborted, awaited] = [new Stream('GET', undefined), new Stream('GET', undefined)]
  const error = Object.assign(new Error('x'), { code: 'X' })
  channel.abort = () => {} // the application does not end by itself
  worker.send(aborted)
  aborted.cancel(error)
  assert.equal(worker.inFlight, 1)
  assert.equal(channel.isRef, false)
  worker.send(awaited)
  assert.equal(channel.isRef, true)
  fake.requests[1].respond(200, '')
  await settle()
  assert.equal(worker.inFlight, 1)
  assert.equal(channel.isRef, false)
})

test('why a start failed was lost when the news of its exit was faster', async () => {
  const { worker, heard, process } = makeWorker(() => {}, () => {})
  await settle()
  process.failStartup('import', 'RuntimeError', 'the database is down', 'Traceback')
  worker.exited(1, 0, process.pid)
  await settle()
  const [, , error] = heard.find(([name]) => name === 'onGone')
  assert.equal(error.code, 'ERR_APP_IMPORT')
  assert.equal(worker.reason, 'startup')
})

test('a worker that was ready counted as one that could not start', async () => {
  const { worker, process } = makeWorker(() => {}, () => {})
  await settle()
  process.ready()
  worker.exited(null, 9, process.pid)
  await settle()
  assert.equal(worker.reason, 'crash')
  assert.notEqual(worker.startTime, null)
})
