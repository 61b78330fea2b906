import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { afterEach, beforeEach, describe, it, mock, test } from 'node:test'

import { UsageError, defineCommand } from '../../../addon/lib/cli/command.js'
import { parseOptions } from '../../../addon/lib/options.js'
import { parseArguments } from '../../support/arguments.js'
import { SCRIPT } from '../../support/run.js'

describe('parseArguments', () => {
  let printed = ''
  const { PORT, WEB_CONCURRENCY } = process.env
  const inherited = { PORT, WEB_CONCURRENCY }

  beforeEach(() => {
    printed = ''
    for (const name of Object.keys(inherited)) delete process.env[name]
    const print = (text) => { printed += text; return true }
    mock.method(process.stdout, 'write', print)
    mock.method(process.stderr, 'write', print)
  })

  afterEach(() => {
    mock.restoreAll()
    for (const [name, value] of Object.entries(inherited)) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  })

  /** Expects wrong usage; returns what was printed. */
  function refused (argv, exitCode = 2) {
    printed = ''
    assert.throws(() => parseArguments(argv),
      (error) => error instanceof UsageError && error.exitCode === exitCode)
    return printed
  }

  it('serves main:app of the working directory on a local port by default', () => {
    const { handler, listening, maxHeaderSize, accessLog, logLevel } = parseArguments([])
    assert.equal(maxHeaderSize, 65_536)
    assert.equal(parseArguments(['--max-header-size', '1000']).maxHeaderSize, 1000)
    assert.equal(handler.appTarget, 'main:app')
    assert.equal(handler.docroot, '.')
    assert.deepEqual(listening,
      { addresses: [{ host: '127.0.0.1', port: 8000 }], backlog: 511, mode: undefined })
    assert.equal(accessLog, null)
    assert.equal(logLevel, 'info')
  })

  it('shows metrics and health on a port, an address or a path', () => {
    const local = { host: '127.0.0.1', port: 9464 }
    assert.deepEqual([parseArguments([]).metrics, parseArguments([]).health], [null, null])
    for (const [argv, place] of [
      [['--metrics'], local],
      [['--metrics', 'main:app'], local],
      [['--metrics', 'main'], local],
      [['--metrics', '9000'], { host: '127.0.0.1', port: 9000 }],
      [['--metrics', '0.0.0.0:9000', 'main:app'], { host: '0.0.0.0', port: 9000 }],
      [['--metrics', '[::1]:9000'], { host: '::1', port: 9000 }],
      [['--metrics=/metrics'], { path: '/metrics' }]
    ]) {
      const { metrics, handler } = parseArguments(argv)
      assert.deepEqual(metrics, place)
      assert.match(handler.appTarget, /^main/)
    }
    const { health, stopDelay } = parseArguments(['--health', '/', '--stop-delay', '2.5'])
    assert.deepEqual(health, { path: '/' })
    assert.equal(stopDelay, 2500)
    assert.match(refused(['--metrics=here']), /host:port/)
    assert.match(refused(['--metrics=70000']), /65535/)
  })

  it('returns options that the handler accepts, and keeps its defaults', () => {
    const { handler } = parseArguments([])
    const { logger, ...settings } = parseOptions(handler)
    const { logger: _, ...defaults } = parseOptions()
    // What a server on the network needs.
    assert.deepEqual(settings, { ...defaults, maxBody: 2 ** 30, minBodyRate: 240 })
  })

  it('passes on every option', () => {
    const { handler, listening, tls, accessLog, logLevel, limits, pidFile } = parseArguments([
      'pkg.site:make', '--docroot', '/tmp', '--python', 'python3.12', '--host', '::1',
      '--port', '0', '--workers', '3', '--preload', 'numpy,pkg.models',
      '--root-path', '/api',
      '--lifespan', 'on', '--loop', 'asyncio', '--interface', 'wsgi', '--threads', '4',
      '--factory', '--access-log', '--log-level', 'warn', '--timeout-startup', '1.5',
      '--timeout-request', '0',
      '--timeout-drain', '3', '--timeout-shutdown', '4', '--timeout-hang', '5',
      '--timeout-retire', '6', '--timeout-disconnect', '7', '--max-requests', '1000',
      '--max-memory', '512', '--max-age', '3600', '--tls-cert', 'c.pem', '--tls-key', 'k.pem',
      '--tls-ca', 'ca.pem', '--trust-proxy', 'loopback,10.0.0.0/8', '--ws-max-size', '2',
      '--proxy-headers', 'x-forwarded-for,x-forwarded-host',
      '--allowed-hosts', 'a.example,*.b.example', '--ws-allowed-origins', 'same-origin',
      '--max-body', '5', '--min-body-rate', '0', '--timeout-head', '4',
      '--max-connections', '100', '--timeout-keep-alive', '75', '--backlog', '9',
      '--uds-mode', '660', '--pid-file', '/run/x.pid',
      '--tls-key-password-file', 'p',
      '--max-connections-per-address', '0',
      '--ws-compression', '--ws-ping-interval', '8', '--ws-ping-timeout', '9',
      '--env', 'A=1', '--env', 'B=x=y', '--concurrency', '10', '--max-queue', '0',
      '--health-paths', '/up,/down',
      '--retry', '0', '--spin', '30', '--restart-min', '0.2', '--restart-max', '20',
      '--restart-window', '30', '--restart-limit', '7', '--timeout-cancel', '0.5',
      '--timeout-kill', '0.6', '--timeout-disconnect-grace', '11',
      '--isolation', 'strict', '--user', '0', '--group', 'root', '--umask', '027',
      '--lock-privileges', '--drop-capabilities', '--inherit-env', 'A,B', '--allow-read', '/a,b',
      '--allow-write', '/c', '--limit-memory', '300', '--limit-cpu', '60', '--limit-files', '200',
      '--limit-processes', '50', '--limit-core', '0', '--allow-debug', '--protect-node',
      '--remote', 'http://a,http://b', '--remote-host', 'endpoint', '--remote-ca',
      'package.json', '--remote-cert', 'package.json', '--remote-key', 'package.json',
      '--remote-health', '/healthz',
      '--remote-fallback', 'local',
      '--debug', '5678', '--dashboard-token', 'correct-horse-battery'
    ])
    assert.deepEqual(handler, {
      appTarget: 'pkg.site:make',
      dashboard: { token: 'correct-horse-battery' },
      docroot: '/tmp',
      python: 'python3.12',
      workers: 3,
      preload: ['numpy', 'pkg.models'],
      rootPath: '/api',
      lifespan: 'on',
      loop: 'asyncio',
      interface: 'wsgi',
      threads: 4,
      factory: true,
      debug: '5678',
      env: { A: '1', B: 'x=y' },
      remote: {
        url: ['http://a', 'http://b'],
        host: 'endpoint',
        healthPath: '/healthz',
        tls: { ca: 'package.json', cert: 'package.json', key: 'package.json' }
      },
      fallback: 'local',
      concurrency: 10,
      maxQueue: 0,
      healthPaths: ['/up', '/down'],
      retry: 0,
      spin: 30,
      restart: { min: 200, max: 20_000, window: 30_000, limit: 7 },
      trustProxy: ['loopback', '10.0.0.0/8'],
      proxyHeaders: ['x-forwarded-for', 'x-forwarded-host'],
      allowedHosts: ['a.example', '*.b.example'],
      maxBody: 5 * 1024 * 1024,
      minBodyRate: 0,
      websocket: {
        maxMessage: 2 * 1024 * 1024,
        compression: true,
        allowedOrigins: ['same-origin'],
        pingInterval: 8000,
        pingTimeout: 9000
      },
      recycle: { requests: 1000, memory: 512 * 1024 * 1024, age: 3_600_000 },
      timeouts: {
        startup: 1500,
        request: 0,
        hang: 5000,
        drain: 3000,
        retire: 6000,
        disconnect: 7000,
        cancel: 500,
        shutdown: 4000,
        kill: 600,
        disconnectGrace: 11_000
      },
      isolation: {
        profile: 'strict',
        user: 0,
        group: 'root',
        umask: 0o027,
        noNewPrivileges: true,
        dropCapabilities: true,
        inheritEnv: ['A', 'B'],
        allow: { read: ['/a', 'b'], write: ['/c'] },
        limits: {
          memory: 300 * 2 ** 20, cpu: 60_000, files: 200, processes: 50, core: 0
        },
        debug: true,
        node: true
      }
    })
    assert.equal(parseArguments(['--inherit-env', 'none']).handler.isolation.inheritEnv, false)
    assert.equal(parseArguments(['--inherit-env', 'all']).handler.isolation.inheritEnv, true)
    assert.deepEqual(parseArguments(['--health-paths', 'none']).handler.healthPaths, [])
    assert.deepEqual(listening, { addresses: [{ host: '::1', port: 0 }], backlog: 9, mode: 0o660 })
    assert.equal(pidFile, '/run/x.pid')
    assert.deepEqual(tls, {
      cert: 'c.pem', key: 'k.pem', ca: 'ca.pem', password: undefined, passwordFile: 'p'
    })
    assert.deepEqual(limits,
      { headTime: 4000, keepAlive: 75_000, connections: 100, connectionsPerAddress: Infinity })
    assert.equal(accessLog, 'common')
    assert.equal(logLevel, 'warn')
    parseOptions(handler)
  })

  it('refuses values that are not numbers or variables, and names the flag', () => {
    for (const [flag, value] of [['--concurrency', '0'], ['--max-queue', '-1'], ['--retry', 'x'],
      ['--spin', 'fast'], ['--restart-limit', '1.5'], ['--restart-min', '0'], ['--env', 'A'],
      ['--env', '=1'], ['--timeout-kill', '0']]) {
      assert.match(refused([`${flag}=${value}`]), new RegExp(flag))
    }
  })

  it('takes --debug without an address for the terminal, wherever it stands', () => {
    for (const argv of [['--debug', 'site:app'], ['site:app', '--debug']]) {
      const { handler } = parseArguments(argv)
      assert.deepEqual([handler.debug, handler.appTarget], [true, 'site:app'])
    }
    assert.deepEqual(parseArguments(['--debug', 'site']).handler.appTarget, 'site')
    for (const address of ['5678', '0.0.0.0:5678', '[::1]:5678']) {
      const { handler } = parseArguments(['--debug', address, 'site:app'])
      assert.deepEqual([handler.debug, handler.appTarget], [address, 'site:app'])
    }
    assert.throws(() => parseArguments(['--debug=pdb']), UsageError)
  })

  it('takes --preload without modules for the application, wherever it stands', () => {
    for (const argv of [['--preload', 'site:app'], ['site:app', '--preload']]) {
      const { handler } = parseArguments(argv)
      assert.equal(handler.preload, true)
      assert.equal(handler.appTarget, 'site:app')
    }
  })

  it('takes --access-log and --reload-poll without a value before the application', () => {
    for (const [argv, format] of [
      [['--access-log', 'site:app'], 'common'], [['--access-log', 'json', 'site:app'], 'json'],
      [['site:app', '--access-log'], 'common'], [['--access-log=combined', 'site:app'], 'combined']
    ]) {
      const { accessLog, handler } = parseArguments(argv)
      assert.deepEqual([accessLog, handler.appTarget], [format, 'site:app'])
    }
    const polled = (...argv) => parseArguments(['--reload', '--reload-poll', ...argv])
    assert.deepEqual([polled('site').reload.poll, polled('site').handler.appTarget],
      [1000, 'site'])
    assert.equal(polled('0.5', 'site').reload.poll, 500)
    assert.match(refused(['--access-log=xml']), /--access-log.*'xml'.*common, combined, json/)
  })

  it('takes the port from PORT unless --port is given', () => {
    process.env.PORT = '4321'
    assert.equal(parseArguments([]).listening.addresses[0].port, 4321)
    assert.equal(parseArguments(['--port', '1']).listening.addresses[0].port, 1)
    process.env.PORT = 'http'
    assert.match(refused([]), /PORT .*'http'/)
  })

  it('takes the workers from WEB_CONCURRENCY, as uvicorn and gunicorn do', () => {
    process.env.WEB_CONCURRENCY = '7'
    assert.equal(parseArguments([]).handler.workers, 7)
    assert.equal(parseArguments(['--workers', '1']).handler.workers, 1)
    process.env.WEB_CONCURRENCY = 'many'
    assert.match(refused([]), /WEB_CONCURRENCY .*'many'/)
  })

  it('takes the limits of an elastic pool', () => {
    const workers = (...argv) => parseArguments(argv).handler.workers
    assert.deepEqual(workers('--workers', '0-8'), { min: 0, max: 8, idle: undefined })
    assert.deepEqual(workers('--workers', '1-8', '--workers-idle', '1.5'),
      { min: 1, max: 8, idle: 1500 })
    process.env.NODE_ASGI_WORKERS_IDLE = '60'
    assert.equal(workers('--workers', '3'), 3)
    assert.equal(workers(), undefined)
    assert.match(refused(['--workers', '3', '--workers-idle', '2']), /--workers-idle.*--workers/)
  })

  for (const [argv, message] of [
    [['--workers', '8-1'], /--workers.*'8-1'.*below/],
    [['--workers', '1-'], /--workers.*'1-'.*1-8/],
    [['--workers', '1-0'], /--workers.*'1-0'.*\b1\b/],
    [['--workers-idle', '0'], /--workers-idle.*'0'/],
    [['--port', '65536'], /--port.*'65536'.*0 to 65535/],
    [['--workers', '0'], /--workers.*'0'.*\b1\b/],
    [['--workers', 'two'], /--workers.*'two'/],
    [['--timeout-startup', '0'], /--timeout-startup.*'0'.*0\.001/],
    [['--timeout-drain', '-1'], /--timeout-drain.*'-1'.*\b0\b/],
    [['--timeout-hang', '-1'], /--timeout-hang.*'-1'.*\b0\b/],
    [['--timeout-retire', 'x'], /--timeout-retire.*'x'.*\b0\b/],
    [['--timeout-disconnect', '-1'], /--timeout-disconnect.*'-1'.*\b0\b/],
    [['--loop', 'trio'], /--loop.*'trio'.*auto, asyncio, uvloop/],
    [['--interface', 'rsgi'], /--interface.*'rsgi'.*auto, asgi, asgi2, wsgi/],
    [['--max-requests', '0'], /--max-requests.*'0'.*\b1\b/],
    [['--max-memory', '1.5'], /--max-memory.*'1\.5'.*\b1\b/],
    [['--max-age', '0'], /--max-age.*'0'.*0\.001/],
    [['--tls-cert', 'c'], /--tls-cert.*--tls-key/],
    [['--tls-ca', 'c'], /--tls-ca.*--tls-cert/],
    [['--port', '8000', '--uds', '/tmp/x'], /--uds.*--port/],
    [['--uds', '/tmp/x', '--host', '127.0.0.1'], /--uds.*--host/],
    [['--reload-dir', '/tmp'], /--reload-dir.*--reload\b/],
    [['--reload-exclude', 'x'], /--reload-exclude.*--reload\b/],
    [['--listen', '8000'], /--listen.*'8000'.*127\.0\.0\.1:8000/],
    [['--listen', 'fd:x'], /--listen.*'fd:x'/],
    [['--listen', ':1', '--port', '2'], /--listen.*--port/],
    [['--reload-ext', 'html'], /--reload-ext.*--reload\b/],
    [['--reload', '--reload-dir', '/no/such/folder'], /--reload-dir.*'\/no\/such\/folder'/],
    [['--reload', '--reload-dir', process.execPath], /--reload-dir.*directory/],
    [['--reload', '--reload-ext', ','], /--reload-ext.*','/],
    [['--reload', '--reload-ext', 'src/*.py'], /--reload-ext.*'src\/\*\.py'/],
    [['--reload', '--reload-ext', 'tar.gz'], /--reload-ext.*'tar\.gz'/],
    [['--reloads'], /'--reloads'/],
    [['a:b', 'c:d'], /too many arguments/]
  ]) {
    it(`refuses ${argv.join(' ')}`, () => { assert.match(refused(argv), message) })
  }

  it('takes --uds although PORT is set in the environment', () => {
    process.env.PORT = '9000'
    assert.deepEqual(parseArguments(['--uds', '/tmp/x']).listening.addresses, [{ uds: '/tmp/x' }])
  })

  it('prints every option in its help, and exits with 0', () => {
    const help = refused(['--help-all'], 0)
    for (const { long, hidden } of defineCommand('serve').options) {
      if (!hidden) assert.match(help, new RegExp(`${long}\\b`))
    }
    assert.match(help, /default:\s+8000,\s+variable:\s+PORT/)
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) assert.match(help, new RegExp(signal))
  })

  it('printed a default that is a list as NaN', () => {
    const help = refused(['--help-all'], 0)
    assert.match(help, /default:\s+x-forwarded-for,x-forwarded-proto\b/)
    assert.doesNotMatch(help, /NaN|undefined|\[object/)
  })

  it('does not load the addon', () => {
    const { stdout, status } = spawnSync(process.execPath, [SCRIPT, '--help-all'],
      { env: { ...process.env, NODE_ASGI_BUILD: 'nowhere' }, encoding: 'utf8' })
    assert.equal(status, 0)
    assert.match(stdout, /--docroot/)
  })

  it('watches the docroot with --reload, and nothing without', () => {
    assert.equal(parseArguments([]).reload, null)
    assert.deepEqual(parseArguments(['--reload', '--docroot', '/tmp']).reload,
      { folders: ['/tmp'], extensions: ['py'], exclude: [], poll: null })
    assert.deepEqual(parseArguments(['--reload']).reload,
      { folders: [process.cwd()], extensions: ['py'], exclude: [], poll: null })
    assert.deepEqual(parseArguments(['--reload', '--reload-dir', '/tmp', '--reload-dir', '/usr/',
      '--reload-ext', 'py, .html']).reload,
    { folders: ['/tmp', '/usr'], extensions: ['py', 'html'], exclude: [], poll: null })
  })

  it('takes the application after --reload-dir', () => {
    const { handler, reload } = parseArguments(['--reload', '--reload-dir', '/tmp', 'site:app'])
    assert.equal(handler.appTarget, 'site:app')
    assert.deepEqual(reload.folders, ['/tmp'])
  })
})

test('4.078 seconds became 4079 milliseconds', () => {
  assert.equal(parseArguments(['--max-age', '4.078']).handler.recycle.age, 4078)
})

test('a number that is too large was rounded, or became infinite', (t) => {
  t.mock.method(process.stderr, 'write', () => true)
  for (const flag of ['--max-memory', '--ws-max-size', '--workers', '--spin', '--timeout-drain']) {
    assert.throws(() => parseArguments([flag, '9'.repeat(400)]), UsageError)
  }
})

test('a list that was given twice lost its first half', () => {
  const { handler, reload } = parseArguments(['--trust-proxy', '10.0.0.1', '--trust-proxy',
    'loopback', '--allowed-hosts', 'a.example', '--allowed-hosts=b.example,c.example',
    '--inherit-env', 'A', '--inherit-env', 'B', '--preload=x', '--preload=y',
    '--reload', '--reload-ext', 'py', '--reload-ext', '.html'])
  assert.deepEqual(handler.trustProxy, ['10.0.0.1', 'loopback'])
  assert.deepEqual(handler.allowedHosts, ['a.example', 'b.example', 'c.example'])
  assert.deepEqual(handler.isolation.inheritEnv, ['A', 'B'])
  assert.deepEqual(handler.preload, ['x', 'y'])
  assert.deepEqual(reload?.extensions, ['py', 'html'])
})
