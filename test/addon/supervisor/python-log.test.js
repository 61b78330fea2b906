import assert from 'node:assert/strict'
import { Console } from 'node:console'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'

import { PythonLog } from '../../../addon/lib/supervisor/python-log.js'

const WORKER = { worker: 2, pid: 4711 }
const SERVER = { worker: 0, pid: 4700 }
const LEVELS = ['debug', 'info', 'warn', 'error']

/** @param {string[]} [levels] */
function recorder (levels = LEVELS) {
  const written = []
  const logger = Object.fromEntries(
    levels.map((level) => [level, (...args) => written.push([level, ...args])]))
  return { written, logger }
}

/** A logger like pino: its functions need their `this`. */
class Structured {
  constructor (bindings, family) {
    this.bindings = bindings
    this.family = family
    family.made.push(bindings)
  }

  child (bindings) {
    return new Structured({ ...this.bindings, ...bindings }, this.family)
  }

  #write (level, args) {
    this.family.written.push([level, this.bindings, ...args])
  }

  debug (...args) { this.#write('debug', args) }
  info (...args) { this.#write('info', args) }
  warn (...args) { this.#write('warn', args) }
  error (...args) { this.#write('error', args) }
}

function structured () {
  const family = { written: [], made: [] }
  return { ...family, logger: new Structured({ app: 'x' }, family) }
}

test('without a level: stdout is info, stderr is warn', () => {
  const { written, logger } = recorder()
  const log = new PythonLog(logger)
  log.line('stdout', 'out', null, WORKER)
  log.line('stderr', 'err', null, WORKER)
  assert.deepEqual(written, [
    ['info', '[worker 2, pid 4711] out'], ['warn', '[worker 2, pid 4711] err']])
})

test('a level counts more than the stream', () => {
  for (const name of ['stdout', 'stderr']) {
    const { written, logger } = recorder()
    const log = new PythonLog(logger)
    for (const level of LEVELS) log.line(name, 'text', level, WORKER)
    assert.deepEqual(written, LEVELS.map((level) => [level, '[worker 2, pid 4711] text']))
  }
})

test('the fork server has its name', () => {
  const { written, logger } = recorder()
  new PythonLog(logger).line('stderr', 'text', null, SERVER)
  assert.deepEqual(written, [['warn', '[fork server, pid 4700] text']])
})

test('a text of several lines is one entry with one prefix', () => {
  const { written, logger } = recorder()
  new PythonLog(logger).line('stderr', 'one\ntwo\n\nfour', 'error', WORKER)
  assert.deepEqual(written, [['error', '[worker 2, pid 4711] one\ntwo\n\nfour']])
})

test('a logger without debug gets debug records as info', () => {
  const { written, logger } = recorder(['info', 'warn', 'error'])
  new PythonLog(logger).line('stderr', 'text', 'debug', WORKER)
  assert.deepEqual(written, [['info', '[worker 2, pid 4711] text']])

  const child = recorder(['info', 'warn', 'error'])
  const parent = { ...recorder().logger, child: () => child.logger }
  new PythonLog(parent).line('stderr', 'text', 'debug', WORKER)
  assert.deepEqual(child.written, [['info', 'text']])
})

test('console does not take the text for a format', () => {
  const stream = new PassThrough().setEncoding('utf8')
  const log = new PythonLog(new Console({ stdout: stream, stderr: stream }))
  for (const level of LEVELS) log.line('stderr', '100%% %s %d %o %c %j', level, WORKER)
  assert.equal(stream.read(), '[worker 2, pid 4711] 100%% %s %d %o %c %j\n'.repeat(4))
})

test('a structured logger has one child for each process and gets the text as it is', () => {
  const { written, made, logger } = structured()
  made.length = 0
  const log = new PythonLog(logger)
  log.line('stdout', '%s one', null, WORKER)
  log.line('stderr', 'two\nlines', 'error', WORKER)
  log.line('stderr', 'three', 'debug', SERVER)
  const worker = { app: 'x', worker: 2, pid: 4711 }
  const server = { app: 'x', worker: 0, pid: 4700 }
  assert.deepEqual(written, [
    ['info', worker, '%s one'], ['error', worker, 'two\nlines'], ['debug', server, 'three']])
  assert.deepEqual(made, [worker, server])
})

test('no child is made for a process that prints nothing', () => {
  const { made, logger } = structured()
  made.length = 0
  assert.ok(new PythonLog(logger))
  assert.deepEqual(made, [])
})

test('forget() drops the child of that process only', () => {
  const { made, logger } = structured()
  const log = new PythonLog(logger)
  const print = () => {
    for (const source of [WORKER, SERVER]) log.line('stdout', 'text', null, source)
  }
  print()
  made.length = 0
  log.forget(WORKER.pid)
  log.forget(1)
  print()
  assert.deepEqual(made, [{ app: 'x', ...WORKER }])
})

test('another worker with the same pid has a child of its own', () => {
  const { written, logger } = structured()
  const log = new PythonLog(logger)
  for (const worker of [1, 2]) log.line('stdout', 'early', null, { worker, pid: 0 })
  assert.deepEqual(written.map(([, { worker }]) => worker), [1, 2])
})

test('forget() without children', () => {
  const { logger } = recorder()
  new PythonLog(logger).forget(WORKER.pid)
})
