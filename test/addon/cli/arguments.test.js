import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'

import { parseArguments, UsageError } from '../../../addon/lib/cli/arguments.js'
import { parseOptions } from '../../../addon/lib/options.js'

describe('parseArguments', () => {
  let printed = ''
  const { PORT } = process.env

  beforeEach(() => {
    printed = ''
    delete process.env.PORT
    const print = (text) => { printed += text; return true }
    mock.method(process.stdout, 'write', print)
    mock.method(process.stderr, 'write', print)
  })

  afterEach(() => {
    mock.restoreAll()
    if (PORT === undefined) delete process.env.PORT
    else process.env.PORT = PORT
  })

  /** Wrong use: returns what was printed. */
  function refused (argv, exitCode = 2) {
    assert.throws(() => parseArguments(argv),
      (error) => error instanceof UsageError && error.exitCode === exitCode)
    return printed
  }

  it('serves main:app of the working directory on a local port by default', () => {
    const { handler, address, accessLog, logLevel } = parseArguments([])
    assert.equal(handler.appTarget, 'main:app')
    assert.equal(handler.docroot, '.')
    assert.deepEqual(address, { host: '127.0.0.1', port: 8000, uds: undefined })
    assert.equal(accessLog, false)
    assert.equal(logLevel, 'info')
  })

  it('makes options that the handler accepts, and leaves it its defaults', () => {
    const { handler } = parseArguments([])
    const { logger, ...settings } = parseOptions(handler)
    const { logger: _, ...defaults } = parseOptions()
    assert.deepEqual(settings, defaults)
  })

  it('passes every option on', () => {
    const { handler, address, tls, accessLog, logLevel } = parseArguments([
      'pkg.site:make', '--docroot', '/tmp', '--python', 'python3.12', '--host', '::1', '--port', '0',
      '--uds', '/tmp/s', '--workers', '3', '--preload', 'numpy,pkg.models', '--root-path', '/api',
      '--lifespan', 'on', '--loop', 'asyncio', '--interface', 'wsgi', '--threads', '4', '--factory', '--access-log',
      '--log-level', 'warn', '--timeout-startup', '1.5', '--timeout-request', '0',
      '--timeout-drain', '3', '--timeout-shutdown', '4', '--timeout-hang', '5',
      '--timeout-retire', '6', '--timeout-disconnect', '7', '--max-requests', '1000',
      '--max-memory', '512', '--max-age', '3600', '--tls-cert', 'c.pem', '--tls-key', 'k.pem',
      '--tls-ca', 'ca.pem', '--trust-proxy', 'loopback,10.0.0.0/8', '--ws-max-size', '2',
      '--ws-compression', '--ws-ping-interval', '8', '--ws-ping-timeout', '9'
    ])
    assert.deepEqual(handler, {
      appTarget: 'pkg.site:make',
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
      trustProxy: ['loopback', '10.0.0.0/8'],
      websocket: {
        maxMessage: 2 * 1024 * 1024, compression: true, pingInterval: 8000, pingTimeout: 9000
      },
      recycle: { requests: 1000, memory: 512 * 1024 * 1024, age: 3_600_000 },
      timeouts: {
        startup: 1500,
        request: 0,
        hang: 5000,
        drain: 3000,
        retire: 6000,
        disconnect: 7000,
        shutdown: 4000
      }
    })
    assert.deepEqual(address, { host: '::1', port: 0, uds: '/tmp/s' })
    assert.deepEqual(tls, { cert: 'c.pem', key: 'k.pem', ca: 'ca.pem' })
    assert.equal(accessLog, true)
    assert.equal(logLevel, 'warn')
    parseOptions(handler)
  })

  it('takes --preload without modules as the application, wherever it stands', () => {
    for (const argv of [['--preload', 'site:app'], ['site:app', '--preload']]) {
      const { handler } = parseArguments(argv)
      assert.equal(handler.preload, true)
      assert.equal(handler.appTarget, 'site:app')
    }
  })

  it('takes the port from PORT unless --port is given', () => {
    process.env.PORT = '4321'
    assert.equal(parseArguments([]).address.port, 4321)
    assert.equal(parseArguments(['--port', '1']).address.port, 1)
    process.env.PORT = 'http'
    assert.match(refused([]), /'http' from env 'PORT' is invalid/)
  })

  it('refuses wrong values, and names the option', () => {
    assert.match(refused(['--port', '65536']), /--port.*0 to 65535/)
    assert.match(refused(['--workers', '0']), /--workers.*1 or more/)
    assert.match(refused(['--workers', 'two']), /--workers.*1 or more/)
    assert.match(refused(['--timeout-startup', '0']), /--timeout-startup.*0\.001 or more/)
    assert.match(refused(['--timeout-drain', '-1']), /--timeout-drain.*0 or more/)
    assert.match(refused(['--loop', 'trio']), /--loop.*auto, asyncio, uvloop/)
    assert.match(refused(['--interface', 'rsgi']), /--interface.*auto, asgi, asgi2, wsgi/)
    assert.match(refused(['a:b', 'c:d']), /too many arguments/)
    assert.match(refused(['--max-requests', '0']), /--max-requests.*1 or more/)
    assert.match(refused(['--max-memory', '1.5']), /--max-memory.*1 or more/)
    assert.match(refused(['--max-age', '0']), /--max-age.*0\.001 or more/)
    assert.match(refused(['--timeout-hang', '-1']), /--timeout-hang.*0 or more/)
    assert.match(refused(['--timeout-retire', 'x']), /--timeout-retire.*0 or more/)
    assert.match(refused(['--timeout-disconnect', '-1']), /--timeout-disconnect.*0 or more/)
    assert.match(refused(['--tls-cert', 'c']), /--tls-cert and --tls-key belong together/)
    assert.match(refused(['--tls-ca', 'c']), /--tls-ca .*needs --tls-cert/)
    assert.match(refused(['--reloads']), /unknown option '--reloads'/)
  })

  it('prints every option in its help, and exits with 0', () => {
    const help = refused(['--help'], 0)
    for (const name of ['docroot', 'python', 'host', 'port', 'uds', 'workers', 'preload', 'root-path',
      'lifespan', 'loop', 'interface', 'threads', 'factory', 'access-log', 'log-level', 'timeout-startup',
      'timeout-request', 'timeout-drain', 'timeout-shutdown', 'timeout-hang', 'timeout-retire',
      'timeout-disconnect', 'reload', 'reload-dir', 'reload-ext', 'max-requests', 'max-memory', 'max-age',
      'tls-cert', 'tls-key', 'tls-ca', 'trust-proxy', 'ws-max-size', 'ws-compression',
      'ws-ping-interval', 'ws-ping-timeout',
      'version']) {
      assert.match(help, new RegExp(`--${name}\\b`))
    }
    assert.match(help, /default:\s+8000,\s+env: PORT/)
    assert.match(help, /SIGHUP: reload the application/)
  })

  it('watches the docroot with --reload, and nothing without', () => {
    assert.equal(parseArguments([]).reload, null)
    assert.deepEqual(parseArguments(['--reload', '--docroot', '/tmp']).reload,
      { folders: ['/tmp'], extensions: ['py'] })
    assert.deepEqual(parseArguments(['--reload']).reload,
      { folders: [process.cwd()], extensions: ['py'] })
    assert.deepEqual(parseArguments(['--reload', '--reload-dir', '/tmp', '--reload-dir', '/usr/',
      '--reload-ext', 'py, .html']).reload,
    { folders: ['/tmp', '/usr'], extensions: ['py', 'html'] })
  })

  it('takes the application after --reload-dir', () => {
    const { handler, reload } = parseArguments(['--reload', '--reload-dir', '/tmp', 'site:app'])
    assert.equal(handler.appTarget, 'site:app')
    assert.deepEqual(reload.folders, ['/tmp'])
  })

  it('refuses to watch what cannot be', () => {
    assert.match(refused(['--reload', '--reload-dir', '/tmp/no/such/folder']),
      /--reload-dir .*no such folder/)
    printed = ''
    assert.match(refused(['--reload', '--reload-dir', process.execPath]),
      /--reload-dir .*no such folder/)
    for (const list of [',', 'src/*.py', 'tar.gz']) {
      printed = ''
      assert.match(refused(['--reload', '--reload-ext', list]), /--reload-ext .*list of extensions/)
    }
  })

  it('refuses to watch without --reload', () => {
    assert.match(refused(['--reload-dir', '/tmp']), /--reload-dir .*needs --reload/)
    printed = ''
    assert.match(refused(['--reload-ext', 'html']), /--reload-ext .*needs --reload/)
  })
})
