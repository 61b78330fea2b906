import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { parseAddress, shownAddress } from '../../../addon/lib/cli/address.js'
import { addresses } from '../../../addon/lib/cli/addresses.js'
import { UsageError } from '../../../addon/lib/cli/command.js'
import { settingsFor } from '../../support/arguments.js'

function resolve ({ argv = [], environment = {}, values, pid = 1 }) {
  const file = values === undefined ? null : { name: 'config', values }
  return addresses(settingsFor(argv, 'serve', { environment, file }), environment, pid)
}

describe('addresses', () => {
  it('come from the first source that has any', () => {
    for (const [sources, expected] of [
      [{}, [{ host: '127.0.0.1', port: 8000 }]],
      [{ argv: ['--port', '1'], values: { uds: '/x' } }, [{ host: '127.0.0.1', port: 1 }]],
      [{ argv: ['--uds', '/x'], values: { port: 1, host: '::' } }, [{ uds: '/x' }]],
      [{ environment: { NODE_ASGI_FD: '3' }, values: { port: 1 } }, [{ fd: 3 }]],
      [{ argv: ['--listen', ':1', '--listen', 'unix:/x,fd:4'] },
        [{ host: '::', port: 1 }, { uds: '/x' }, { fd: 4 }]],
      // PORT is often set without being meant for this program.
      [{ environment: { PORT: '9' }, values: { uds: '/x' } }, [{ uds: '/x' }]],
      [{ environment: { PORT: '9' }, values: { host: '::' } }, [{ host: '::', port: 9 }]]
    ]) {
      assert.deepEqual(resolve(sources), expected)
    }
  })

  it('are the sockets of systemd, unless the settings have one', () => {
    const environment = () =>
      ({ LISTEN_PID: '7', LISTEN_FDS: '2', LISTEN_FDNAMES: 'a:b', PORT: '1' })
    const own = environment()
    assert.deepEqual(resolve({ environment: own, pid: 7 }), [{ fd: 3 }, { fd: 4 }])
    // They are not for the children of this process.
    assert.deepEqual(Object.keys(own), ['PORT'])
    assert.deepEqual(resolve({ environment: environment(), pid: 8 }),
      [{ host: '127.0.0.1', port: 1 }])
    assert.deepEqual(resolve({ argv: ['--port', '2'], environment: environment(), pid: 7 }),
      [{ host: '127.0.0.1', port: 2 }])
    assert.deepEqual(resolve({ environment: { LISTEN_PID: '7', LISTEN_FDS: 'x' }, pid: 7 }),
      [{ host: '127.0.0.1', port: 8000 }])
  })

  it('cannot be given in two ways', (t) => {
    t.mock.method(process.stderr, 'write', () => true)
    for (const argv of [['--fd', '3', '--uds', '/x'], ['--listen', ':1', '--host', '::']]) {
      assert.throws(() => resolve({ argv }), UsageError)
    }
  })
})

describe('parseAddress', () => {
  it('reads what shownAddress writes', () => {
    for (const text of ['127.0.0.1:8000', '[::1]:0', 'example.com:65535', 'unix:/a:b', 'fd:3']) {
      assert.equal(shownAddress(parseAddress(text)), text)
    }
    assert.deepEqual(parseAddress('[::1]:0'), { host: '::1', port: 0 })
  })

  it('refuses everything else', () => {
    for (const text of ['', '8000', '::1:80', 'a:65536', 'a:-1', 'fd:', 'fd:-1', 'unix:',
      'a:b:1']) {
      assert.equal(parseAddress(text), null, text)
    }
  })
})
