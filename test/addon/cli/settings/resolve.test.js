import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { UsageError } from '../../../../addon/lib/cli/command.js'
import { settingsFor } from '../../../support/arguments.js'

const NAME = 'node-asgi.config.js'

/** @returns what `serve` gets from each source */
function resolve ({ argv = [], environment = {}, values }) {
  return settingsFor(argv, 'serve', { environment, file: values && { name: NAME, values } })
}

/** @returns {string} what is printed when the sources are refused */
function refused (t, sources) {
  let printed = ''
  t.mock.method(process.stderr, 'write', (text) => { printed += text; return true })
  assert.throws(() => resolve(sources), (error) => error instanceof UsageError &&
    error.exitCode === 2)
  t.mock.restoreAll()
  return printed
}

describe('Settings', () => {
  it('prefers the flag, then NODE_ASGI_PORT, then PORT, then the file, then the default', () => {
    const argv = ['--port', '1']
    const environment = { NODE_ASGI_PORT: '2', PORT: '3' }
    const values = { port: 4 }
    for (const [sources, port, source] of [
      [{ argv, environment, values }, 1, '--port'],
      [{ environment, values }, 2, 'NODE_ASGI_PORT'],
      [{ environment: { PORT: '3' }, values }, 3, 'PORT'],
      [{ environment: { PORT: '', NODE_ASGI_PORT: '' }, values }, 4, `port in ${NAME}`],
      [{}, 8000, 'default']
    ]) {
      const { value, source: actual } = resolve(sources).of('--port')
      assert.deepEqual([value, actual], [port, source])
    }
  })

  it('honours HOST, PORT and WEB_CONCURRENCY', () => {
    const { values } = resolve({ environment: { HOST: '::', PORT: '1', WEB_CONCURRENCY: '7' } })
    assert.deepEqual([values.host, values.port, values.workers], ['::', 1, 7])
  })

  it('takes from variables what flags take, in the same units', () => {
    const { values } = resolve({
      environment: {
        NODE_ASGI_APP: 'site:app',
        NODE_ASGI_TIMEOUT_STARTUP: '1.5',
        NODE_ASGI_MAX_MEMORY: '3',
        NODE_ASGI_TRUST_PROXY: 'loopback, 10.0.0.0/8',
        NODE_ASGI_ENV: 'A=1,2\nB=x=y\n',
        NODE_ASGI_PRELOAD: 'true',
        NODE_ASGI_RELOAD: 'yes',
        NODE_ASGI_FACTORY: '0'
      }
    })
    assert.equal(values.app, 'site:app')
    assert.equal(values.timeoutStartup, 1500)
    assert.equal(values.maxMemory, 3 * 2 ** 20)
    assert.deepEqual(values.trustProxy, ['loopback', '10.0.0.0/8'])
    assert.deepEqual(values.env, { A: '1,2', B: 'x=y' })
    assert.deepEqual([values.preload, values.reload, values.factory], [true, true, false])
  })

  it('takes from a file numbers, lists, objects and switches', () => {
    const { values } = resolve({
      values: {
        timeoutStartup: 1.5,
        trustProxy: ['loopback', '10.0.0.0/8'],
        allowRead: '/a,/b',
        env: { A: '1,2', B: 'x' },
        preload: true,
        reload: true,
        factory: false,
        workers: null
      }
    })
    assert.equal(values.timeoutStartup, 1500)
    assert.deepEqual(values.trustProxy, ['loopback', '10.0.0.0/8'])
    assert.deepEqual(values.allowRead, ['/a', '/b'])
    assert.deepEqual(values.env, { A: '1,2', B: 'x' })
    assert.deepEqual([values.preload, values.reload, values.factory], [true, true, false])
    assert.equal(values.workers, undefined)
  })

  it('lets a flag switch off what a variable or the file switches on', () => {
    const environment = { NODE_ASGI_RELOAD: '1' }
    assert.equal(resolve({ argv: ['--no-reload'], environment }).values.reload, false)
    assert.equal(resolve({ argv: [], environment }).values.reload, true)
    const values = { accessLog: 'json', preload: true }
    const off = resolve({ argv: ['--no-access-log', '--no-preload'], values }).values
    assert.deepEqual([off.accessLog, off.preload], [false, false])
  })

  it('names the source of a value that is wrong', (t) => {
    for (const [sources, message] of [
      [{ argv: ['--port', 'x'] }, /--port <port> .*'x'.*65535/],
      [{ environment: { NODE_ASGI_PORT: 'x' } }, /NODE_ASGI_PORT .*'x'.*65535/],
      [{ environment: { PORT: 'x' } }, /: PORT .*'x'.*65535/],
      [{ environment: { NODE_ASGI_RELOAD: 'maybe' } }, /NODE_ASGI_RELOAD .*'maybe'.*true or false/],
      [{ environment: { NODE_ASGI_LOOP: 'trio' } }, /NODE_ASGI_LOOP .*'trio'.*asyncio, uvloop/],
      [{ values: { port: -1 } }, /port in node-asgi\.config\.js .*'-1'.*65535/],
      [{ values: { port: true } }, /port in .*true/],
      [{ values: { reload: 'yes' } }, /reload in .*true or false.*"yes"/],
      [{ values: { docroot: {} } }, /docroot in .*\{\}/],
      [{ values: { docroot () {} } }, /docroot in .*function/]
    ]) {
      assert.match(refused(t, sources), message)
    }
  })

  it('does not print a secret that is wrong', (t) => {
    const printed = refused(t, { environment: { NODE_ASGI_ENV: 'hunter2' } })
    assert.match(printed, /NODE_ASGI_ENV .*NAME=value/)
    assert.doesNotMatch(printed, /hunter2/)
  })

  it('ignores the address that Kubernetes gives for a service with the name node-asgi', () => {
    assert.equal(resolve({ environment: { NODE_ASGI_PORT: 'tcp://10.0.0.1:80' } }).values.port,
      8000)
  })
})
