import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import os, { availableParallelism } from 'node:os'
import { test } from 'node:test'

import { loadBinding } from '../../addon/lib/binding.js'
import { InvalidOptionError } from '../../addon/lib/errors.js'
import { defaultOption, parseOptions } from '../../addon/lib/options.js'

const { minRing, maxRing } = loadBinding().limits

const invalid = (option, message) => (error) => {
  assert.ok(error instanceof InvalidOptionError)
  assert.equal(error.code, 'ERR_INVALID_OPTION')
  assert.equal(error.option, option)
  if (message !== undefined) assert.match(error.message, message)
  return true
}

test('the defaults serve main:app of the working directory with all cores', () => {
  const settings = parseOptions()
  assert.equal(settings.docroot, process.cwd())
  assert.equal(settings.appTarget, 'main:app')
  const cores = availableParallelism()
  assert.deepEqual(settings.workers, { min: cores, max: cores, idle: 30_000 })
  assert.equal(settings.timeouts.startup, 60_000)
  assert.equal(settings.restart.limit, 5)
  assert.equal(settings.logger, console)
})

test('settings are frozen, and share no objects with the given options', () => {
  const env = { A: '1' }
  const preload = ['json']
  const settings = parseOptions({ env, preload, timeouts: { drain: 5 } })
  env.A = '2'
  preload.push('os')
  assert.deepEqual(settings.env, { A: '1' })
  assert.deepEqual(settings.preload, ['json'])
  for (const part of [settings, settings.env, settings.preload, settings.timeouts]) {
    assert.ok(Object.isFrozen(part))
  }
})

test('an option of a group leaves the others at their defaults', () => {
  const { timeouts } = parseOptions({ timeouts: { drain: 5 } })
  assert.equal(timeouts.drain, 5)
  assert.equal(timeouts.shutdown, 10_000)
})

test('undefined means the default', () => {
  assert.equal(parseOptions({ appTarget: undefined, python: undefined }).appTarget, 'main:app')
})

test('an unknown option is named, with the option that was probably meant', () => {
  assert.throws(() => parseOptions({ wokers: 2 }),
    invalid('wokers', /wokers.*did you mean workers/))
  assert.throws(() => parseOptions({ docRoot: '.' }),
    invalid('docRoot', /docRoot.*did you mean docroot/))
  assert.throws(() => parseOptions({ timeouts: { start_up: 2 } }),
    invalid('timeouts.start_up', /timeouts\.start_up.*did you mean timeouts\.startup/))
  assert.throws(() => parseOptions({ zzz: 1 }), invalid('zzz', /^(?!.*did you mean).*zzz/))
})

for (const [option, values] of Object.entries({
  appTarget: [
    '', 'main:', ':app', 'main()', 'main:app(1)', 'main:app()()', 'main:()', 'app:my-app',
    '-app:app', 'a..b:c', 5, null
  ],
  factory: ['yes', 1, null],
  interface: ['rsgi', null],
  threads: [0, 1.5, '4'],
  python: ['', 3, null],
  workers: [0, -1, 1.5, '2', NaN, Infinity, 5000],
  preload: ['json', [1], ['a b'], null, {}],
  watch: [
    'src', 1, null, { folders: [] }, { folders: 'src' }, { extensions: [''] }, { dirs: [] }
  ],
  lifespan: ['yes', true],
  loop: ['trio', false],
  env: [['A=1'], { A: 1 }, 'A=1', { A: 'x\0y' }],
  rootPath: ['api', 5, null],
  allowedHosts: [[], ['a b'], ['example.com:80'], ['a*.b'], 'example.com', null],
  maxBody: [-1, 1.5, '1'],
  minBodyRate: [-1, 1.5, Infinity],
  proxyHeaders: [[], ['x-real-ip'], ['forwarded', 'x-forwarded-for'], 'forwarded', null],
  concurrency: [0, -1, 2.5, '7'],
  maxQueue: [-1, 0.5, null],
  healthPaths: ['/health', ['health'], ['/a b'], ['/a?b'], [1], [''], null],
  requestRing: [1000, minRing / 2, minRing + 1, '1MB'],
  responseRing: [0, 2 * maxRing],
  spin: [-1, 0.5, 1001, '50', true],
  timeouts: [5, [], null],
  restart: ['fast', null],
  logger: [null, {}, { info () {}, warn () {} }, true]
})) {
  for (const value of values) {
    test(`${option}: ${JSON.stringify(value)} is refused`, () => {
      assert.throws(() => parseOptions({ [option]: value }), (error) => {
        assert.equal(error.code, 'ERR_INVALID_OPTION')
        assert.ok(error.option === option || error.option.startsWith(`${option}.`), error.option)
        assert.ok(error.message.includes(error.option), error.message)
        assert.doesNotMatch(error.message, /,,/)
        return true
      })
    })
  }
}

test('values at the edge are accepted', () => {
  for (const options of [
    { workers: 1 }, { concurrency: Infinity }, { maxQueue: 0 }, { healthPaths: [] },
    { timeouts: { request: 0 } },
    { appTarget: 'a.b.c:d.e.f' }, { appTarget: 'a.b' }, { appTarget: 'a:b.c()' },
    { appTarget: 'größe:app_1' }, { appTarget: 'my-app:app' }, { preload: true },
    { preload: [] }, { logger: false }, { restart: { limit: 1 } }, { requestRing: minRing },
    { requestRing: maxRing }, { spin: 0 }, { spin: 1000 }, { spin: 'auto' },
    { watch: { folders: ['src'], extensions: ['py', 'html'] } }, { watch: {} }
  ]) parseOptions(options)
})

test('by default, nothing spins unless Node and each worker have a core', () => {
  const cores = availableParallelism()
  assert.equal(parseOptions({ workers: cores }).spin, 0)
  assert.equal(parseOptions({ workers: cores, spin: 7 }).spin, 7)
  if (cores > 1) assert.equal(parseOptions({ workers: cores - 1 }).spin, 'auto')
})

test('times that are too long for setTimeout() are refused', () => {
  assert.throws(() => parseOptions({ timeouts: { drain: 2 ** 31 } }), invalid('timeouts.drain'))
  assert.throws(() => parseOptions({ timeouts: { startup: 0 } }), invalid('timeouts.startup'))
})

test('the longest delay of a restart must not be below the first', () => {
  assert.throws(() => parseOptions({ restart: { min: 500, max: 100 } }),
    invalid('restart.max', /restart\.max.*restart\.min.*100.*500/))
})

test('the sizes of the rings are left to the addon, which is not loaded for that', () => {
  const { requestRing, responseRing } = parseOptions()
  assert.deepEqual([requestRing, responseRing], [undefined, undefined])
})

test('defaultOption() returns what parseOptions() assumes', () => {
  const settings = parseOptions()
  for (const name of ['docroot', 'appTarget', 'rootPath', 'retry', 'logger']) {
    assert.equal(defaultOption(name), settings[name], name)
  }
  for (const group of ['timeouts', 'restart', 'recycle', 'websocket']) {
    for (const name of Object.keys(settings[group])) {
      assert.equal(defaultOption(`${group}.${name}`), settings[group][name], name)
    }
  }
  const { limits } = settings.isolation
  for (const name of Object.keys(limits)) {
    assert.equal(defaultOption(`isolation.limits.${name}`), limits[name], name)
  }
})

test('the declared defaults are the actual ones', () => {
  const declarations = ['options', 'timing', 'isolation'].map((name) => readFileSync(
    new URL(`../../addon/lib/types/${name}.d.ts`, import.meta.url), 'utf8')).join('')
  const prefixes = {
    Timeouts: 'timeouts.',
    RestartOptions: 'restart.',
    RecycleOptions: 'recycle.',
    WebSocketOptions: 'websocket.',
    DashboardOptions: 'dashboard.',
    WorkersOptions: 'workers.',
    WatchOptions: 'watch.',
    IsolationOptions: 'isolation.',
    IsolationAllow: 'isolation.allow.',
    IsolationLimits: 'isolation.limits.',
    PythonHandlerOptions: ''
  }
  // These have none that is a value: they depend on the machine or on other options, or the addon
  // knows them.
  const others = ['folders', 'python', 'requestRing', 'responseRing', 'workers', 'user',
    'group', 'umask', 'noNewPrivileges', 'dropCapabilities', 'inheritEnv']
  let seen = 0
  for (const [, name, body] of declarations.matchAll(/^export interface (\w+) \{\n([^]*?)^\}/gm)) {
    if (name === 'Logger') continue
    for (const [, comment, option] of body.matchAll(/\/\*\*((?:(?!\*\/)[^])*)\*\/\s+(\w+)\?:/g)) {
      const declared = /@defaultValue (.*)/.exec(comment)?.[1]
      assert(declared !== undefined, `${name}.${option} has no default`)
      seen++
      if (others.includes(option) || (name === 'WorkersOptions' && option === 'max')) continue
      // eslint-disable-next-line no-new-func
      const value = new Function('os', `return (${declared.replaceAll('`', '')})`)(os)
      assert.deepEqual(defaultOption(prefixes[name] + option), value, `${name}.${option}`)
    }
  }
  assert.equal(seen, 82)
})

test('a docroot must be a directory', () => {
  for (const docroot of ['/nowhere/at/all', import.meta.filename]) {
    assert.throws(() => parseOptions({ docroot }), (error) => {
      assert.equal(error.code, 'ERR_DOCROOT_NOT_FOUND')
      assert.equal(error.option, 'docroot')
      assert.ok(error.message.includes(docroot))
      return true
    })
  }
})

test('null stands for no options', () => {
  assert.deepEqual(parseOptions(null), parseOptions())
})

test('docroot and python may be file: URLs', () => {
  const url = new URL('.', import.meta.url)
  for (const docroot of [url, url.href]) {
    assert.equal(parseOptions({ docroot }).docroot, import.meta.dirname)
  }
  assert.equal(parseOptions({ python: new URL('file:///usr/bin/python3') }).python,
    '/usr/bin/python3')
  for (const docroot of [new URL('http://h/'), 'file://h/x', 'file:%00']) {
    assert.throws(() => parseOptions({ docroot }),
      { code: 'ERR_INVALID_OPTION', option: 'docroot' })
  }
})

test('an appTarget that is a path is answered with the name of its module', () => {
  for (const [target, ...facts] of [
    ['main.py:app', "'main:app'"], ['./main.py:app', "'main:app'"], ['main.py', "'main:app'"],
    ['src/web/main.py:api', "'src.web.main:api'"], ['src/web:app', "'src.web:app'"],
    ['web/__init__.py:app', "'web:app'"], ['/srv/web/main.py:app', "'main:app'", '/srv/web'],
    ['a.b.py:app', "'a.b:app'"]
  ]) {
    assert.throws(() => parseOptions({ appTarget: target }), (error) =>
      error.code === 'ERR_INVALID_OPTION' && facts.every((fact) => error.message.includes(fact)),
    target)
  }
})

test('a relative docroot becomes absolute', () => {
  assert.equal(parseOptions({ docroot: '.' }).docroot, process.cwd())
})

test('the slash at the end of a rootPath is dropped', () => {
  assert.equal(parseOptions({ rootPath: '/api/' }).rootPath, '/api')
  assert.equal(parseOptions({ rootPath: '/' }).rootPath, '')
})

test('options must be an object', () => {
  for (const options of ['x', 5, []]) {
    assert.throws(() => parseOptions(options), invalid('options'))
  }
})

test('a promise, a Map or another object without options counted as options', () => {
  for (const value of [Promise.resolve({ workers: 2 }), new Map([['workers', 2]]), new Set(),
    new URL('file:///tmp'), new Date(), Buffer.from('x'), new Headers()]) {
    assert.throws(() => parseOptions(value), invalid('options'))
    assert.throws(() => parseOptions({ timeouts: value }), invalid('timeouts'))
    assert.throws(() => parseOptions({ env: value }), invalid('env'))
  }
  class Config { retry = 7 }
  for (const value of [new Config(), Object.create({ retry: 7 }),
    Object.assign(Object.create(null), { retry: 7 })]) {
    assert.equal(parseOptions(value).retry, 7)
  }
})

test('environment variables whose names cannot exist became others', () => {
  for (const name of ['', 'A=B', '=A', 'A\0']) {
    assert.throws(() => parseOptions({ env: { [name]: 'x' } }), invalid('env', /name/))
  }
})

test('lists of hosts and origins took numbers and null as text', () => {
  for (const item of [5, null, undefined, ['a']]) {
    assert.throws(() => parseOptions({ allowedHosts: [item] }), invalid('allowedHosts'))
    assert.throws(() => parseOptions({ websocket: { allowedOrigins: [item] } }),
      invalid('websocket.allowedOrigins'))
    assert.throws(() => parseOptions({ proxyHeaders: [item] }), invalid('proxyHeaders'))
  }
  assert.throws(() => parseOptions({ websocket: { allowedOrigins: [['null']] } }),
    invalid('websocket.allowedOrigins'))
})

test('a token that is refused is not in the message', () => {
  for (const token of ['secret', 'secret with spaces and more', 7, 'ü'.repeat(20)]) {
    assert.throws(() => parseOptions({ dashboard: { token } }), (error) => {
      assert.equal(error.option, 'dashboard.token')
      assert.doesNotMatch(error.message, /secret|7|ü/)
      return true
    })
  }
  assert.equal(parseOptions({ dashboard: { token: 'x'.repeat(16) } }).dashboard.token.length, 16)
})
