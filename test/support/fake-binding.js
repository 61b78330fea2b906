/**
 * Replaces the native addon and the Python processes: fork server, workers and applications are
 * JavaScript objects in this process, and a test decides what each of them does.
 */

import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'

const eventTypes = {
  RESPONSE_START: 1,
  BODY: 2,
  CREDIT: 3,
  APP_ERROR: 4,
  CLOSED: 5,
  READY: 6,
  STARTUP_FAILED: 7,
  STOPPED: 8,
  PONG: 9,
  HANG_UP: 11,
  CORRUPT: 10
}

const limits = { chunk: 64, window: 256, head: 65536 }

// Above the largest pid on Linux, so that it is never the pid of a real process.
const FIRST_PID = 5_000_000

/** A request as the fake application sees it. */
export class FakeRequest {
  constructor (channel, id, head) {
    this.channel = channel
    this.id = id
    const [method, scheme, httpVersion, path, query, clientHost, clientPort, serverHost, serverPort,
      mount, features, tls, data, ...headers] = head.split('\0')
    Object.assign(this, {
      method,
      scheme,
      httpVersion,
      path,
      query,
      clientHost,
      clientPort,
      serverHost,
      serverPort,
      mount,
      features,
      tls,
      data
    })
    this.headers = headers
    this.body = ''
    this.ended = false
    this.aborted = false
    this.over = false
    this.consumed = 0
    this.window = limits.window
    /** Whether the application reads, and so returns credit, as the body arrives. */
    this.reads = true
    this.onBody = () => {}
  }

  arrive (bytes, end) {
    this.body += Buffer.from(bytes).toString('latin1')
    this.ended ||= end
    if (this.reads && !end && bytes.length > 0) {
      this.window += bytes.length
      this.channel.emit(eventTypes.CREDIT, this.id, this.window)
    }
    this.onBody(this)
  }

  /** Lets the application read what has arrived, for requests with `reads: false`. */
  read () {
    this.window = limits.window
    this.channel.emit(eventTypes.CREDIT, this.id, this.window)
  }

  start (status, headers = [], body = undefined, end = false) {
    this.#event(eventTypes.RESPONSE_START, end, status, headers.join('\0'), asBuffer(body), end)
  }

  send (body, end = false) {
    this.#event(eventTypes.BODY, end, undefined, undefined, asBuffer(body), end)
  }

  respond (status, body, headers = []) {
    this.start(status, headers, body, true)
  }

  raise (type, message, traceback, started = false) {
    this.#event(eventTypes.APP_ERROR, true, [type, message, traceback], started)
  }

  closed () {
    this.#event(eventTypes.CLOSED, true)
  }

  #event (type, end, ...values) {
    if (this.over) return
    if (this.aborted && type !== eventTypes.CLOSED) {
      if (end) this.closed()
      return
    }
    this.over = end
    this.channel.emit(type, this.id, ...values)
    if (end) this.channel.ended.push(this.id)
  }
}

function asBuffer (body) {
  if (body === undefined || body.length === 0) return undefined
  return Buffer.from(body)
}

/**
 * @param {object} [behaviour]
 * @param {(request: FakeRequest, worker: FakeProcess) => void} [behaviour.app]
 * @param {(worker: FakeProcess) => void} [behaviour.startWorker] default: the worker becomes ready
 * @param {(server: FakeServer) => void} [behaviour.startServer] default: the server becomes ready
 * @param {(worker: FakeProcess) => void} [behaviour.stopWorker] default: the worker stops and exits
 */
export function createFake (behaviour = {}) {
  const app = behaviour.app ?? ((request) => request.respond(200, 'hello'))
  const startWorker = behaviour.startWorker ?? ((worker) => worker.ready())
  const startServer = behaviour.startServer ?? ((server) => server.ready())
  const stopWorker = behaviour.stopWorker ?? ((worker) => worker.stop())

  const fake = { servers: [], workers: [], requests: [], channels: [], groupsKilled: [] }
  let lastPid = FIRST_PID

  // What other processes do happens in later turns of the loop, or when a call blocks on them.
  let tasks = []
  function later (task) {
    tasks.push(task)
    setImmediate(runTasks)
  }
  function runTasks () {
    const due = tasks
    tasks = []
    for (const task of due) task()
    return due.length > 0
  }
  fake.runTasks = runTasks

  class FakeChannel {
    constructor (rings, onEvents) {
      this.rings = rings
      this.onEvents = onEvents
      this.requests = new Map()
      this.lastId = 0
      this.isRef = false
      this.isClosed = false
      this.process = null
      this.patience = null
      this.events = []
      this.ended = []
      this.drains = 0
      fake.channels.push(this)
    }

    emit (type, stream = 0, ...values) {
      while (values.length < 4) values.push(undefined)
      this.events.push(type, stream, ...values)
      if (this.events.length === 6) later(() => this.deliver())
    }

    deliver () {
      const { events } = this
      for (const id of this.ended) this.requests.delete(id)
      this.events = []
      this.ended = []
      if (this.isClosed || events.length === 0) return
      this.drains++
      this.onEvents(undefined, ...events)
      this.stopWhenIdle()
    }

    request (head, body, end) {
      if (this.isClosed) throw Object.assign(new Error('closed'), { code: 'ERR_CLOSED' })
      if (/[\r\n]/.test(head)) {
        throw Object.assign(new RangeError('control character'), { code: 'ERR_INVALID_HEADER' })
      }
      if (body !== undefined && body.length > limits.chunk) throw new RangeError('chunk too long')
      const request = new FakeRequest(this, ++this.lastId, head)
      this.requests.set(request.id, request)
      fake.requests.push(request)
      if (body !== undefined) {
        request.window -= body.length
        request.body = Buffer.from(body).toString('latin1')
      }
      request.ended = end
      later(() => {
        if (this.process !== null && !this.process.gone) app(request, this.process)
      })
      return request.id
    }

    write (id, bytes, end) {
      const request = this.requests.get(id)
      if (request === undefined || request.aborted) return bytes.length
      const accepted = Math.min(bytes.length, request.window)
      request.window -= accepted
      const last = end && accepted === bytes.length
      if (accepted > 0 || last) {
        const copy = Buffer.from(bytes.subarray(0, accepted))
        later(() => request.arrive(copy, last))
      }
      return accepted
    }

    recycle () {}

    consumed (id, length) {
      const request = this.requests.get(id)
      if (request !== undefined) request.consumed += length
    }

    abort (id) {
      const request = this.requests.get(id)
      if (request === undefined || request.over) return
      request.aborted = true
      later(() => request.closed())
    }

    cancel () {}

    drain () { return false }

    stop (patience) {
      this.patience = patience
      later(() => this.stopWhenIdle())
    }

    stopWhenIdle () {
      if (this.patience === null || this.requests.size > 0) return
      if (this.process !== null && !this.process.gone) stopWorker(this.process)
    }

    ring () {}

    look () {}

    usage () {
      return { request: 0, response: 0, backlog: 0, ...this.used }
    }

    ping () {}

    wait () {
      return runTasks()
    }

    ref () {
      this.#open()
      this.isRef = true
    }

    unref () {
      this.#open()
      this.isRef = false
    }

    close () {
      this.#open()
      this.isClosed = true
    }

    #open () {
      if (this.isClosed) throw new Error('the channel is closed')
    }
  }

  class FakeProcess {
    constructor (server, id, channel) {
      this.server = server
      this.id = id
      this.pid = ++lastPid
      this.channel = channel
      this.gone = false
      this.stdout = new PassThrough()
      this.stderr = new PassThrough()
      channel.process = this
      fake.workers.push(this)
    }

    ready (json = JSON.stringify(
      { pid: this.pid, python: '3.11.2', loop: 'asyncio', lifespan: true })) {
      this.channel.emit(eventTypes.READY, 0, json)
    }

    failStartup (kind, type, message, traceback) {
      this.channel.emit(eventTypes.STARTUP_FAILED, 0, [kind, type, message, traceback])
      later(() => this.exit(1, 0))
    }

    corrupt (message) {
      this.channel.emit(eventTypes.CORRUPT, 0, message)
    }

    stop () {
      this.channel.emit(eventTypes.STOPPED, 0)
      later(() => this.exit(0, 0))
    }

    exit (code, signal) {
      if (this.gone) return
      this.gone = true
      this.stdout.end()
      this.stderr.end()
      this.server.message({ type: 'exited', worker: this.id, pid: this.pid, code, signal })
    }
  }

  class FakeServer {
    constructor (control, options) {
      this.control = control
      this.options = options
      this.pid = ++lastPid
      this.gone = false
      this.child = Object.assign(new EventEmitter(), {
        pid: this.pid,
        stdout: new PassThrough(),
        stderr: new PassThrough(),
        stdio: [],
        ref () {},
        unref () {}
      })
      fake.servers.push(this)
    }

    message (message) {
      later(() => this.control.deliver(message))
    }

    ready (info = {}) {
      this.message({
        type: 'server_ready',
        info: JSON.stringify(
          { pid: this.pid, python: '3.11.2', executable: '/usr/bin/python3', threads: [], ...info })
      })
    }

    /** Ends the server and its workers. */
    exit (code, signal = null) {
      if (this.gone) return
      this.gone = true
      for (const worker of fake.workers) {
        if (worker.server !== this) continue
        worker.gone = true
        worker.stdout.end()
        worker.stderr.end()
      }
      this.child.stdout.end()
      this.child.stderr.end()
      this.message({ type: 'closed' })
      later(() => this.child.emit('exit', code, signal))
    }
  }

  class FakeControl {
    constructor (onMessage) {
      this.onMessage = onMessage
      this.childFd = 100
      this.lifelineFd = 101
      this.isRef = false
      this.isClosed = false
      this.isSpawned = false
      this.server = null
      this.settings = null
    }

    deliver (message) {
      if (!this.isClosed) this.onMessage(message)
    }

    spawned () {
      this.isSpawned = true
    }

    reaped () {}

    reapOrphan () {}

    init (json) {
      this.settings = JSON.parse(json)
      later(() => startServer(this.server))
    }

    fork (id, channel) {
      const worker = new FakeProcess(this.server, id, channel)
      this.server.message({ type: 'forked', worker: id, pid: worker.pid })
      later(() => startWorker(worker))
      return { stdout: worker.stdout, stderr: worker.stderr }
    }

    kill (id, signal) {
      const worker = fake.workers.find((each) => each.id === id)
      if (worker !== undefined && !fake.deaf) later(() => worker.exit(null, signal))
    }

    ref () { this.isRef = true }
    unref () { this.isRef = false }

    close () {
      if (this.isClosed) throw new Error('the control socket is closed')
      this.isClosed = true
      const { server } = this
      if (server !== null && !fake.deaf) later(() => server.exit(0))
    }
  }

  fake.binding = {
    limits,
    wireVersion: 1,
    eventTypes,
    eventStride: 6,
    logMarks: { record: '\x1e', newline: '\x1f', levels: 'DIWE' },
    Channel: FakeChannel,
    Control: class extends FakeControl {
      constructor (onMessage) {
        super(onMessage)
        fake.control = this
      }
    }
  }

  fake.system = {
    spawn (command, args, options) {
      const server = new FakeServer(fake.control, { command, args, ...options })
      fake.control.server = server
      if (behaviour.spawnError !== undefined) {
        server.child.pid = undefined
        later(() => server.child.emit('error', behaviour.spawnError))
      }
      return server.child
    },
    kill (pid, signal) {
      fake.groupsKilled.push(pid) // minus the pid of its leader
      const server = fake.servers.find((each) => each.pid === Math.abs(pid))
      later(() => server?.exit(null, signal))
    }
  }

  return fake
}

/** A logger that records its lines. */
export function createLog () {
  const lines = []
  const log = (level) => (...words) => { lines.push(`${level} ${words.join(' ')}`) }
  return { lines, info: log('info'), warn: log('warn'), error: log('error') }
}

/** Runs everything that is due, and what follows from it. */
export async function settle (turns = 10) {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve))
}
