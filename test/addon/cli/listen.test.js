import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'

import { listen, ListenError } from '../../../addon/lib/cli/listen.js'

describe('listen', () => {
  let directory
  let servers

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'node-asgi-listen-'))
    servers = []
  })

  afterEach(async () => {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
    rmSync(directory, { recursive: true })
  })

  function server () {
    servers.push(createServer((socket) => socket.destroy()))
    return servers.at(-1)
  }

  const tcp = { host: '127.0.0.1', port: 0 }

  it('returns the URL with the actual port', async () => {
    const one = server()
    const url = await listen(one, tcp)
    assert.equal(url, `http://127.0.0.1:${one.address().port}`)
  })

  it('takes an IPv6 address in brackets', async () => {
    const one = server()
    assert.equal(await listen(one, { host: '[::1]', port: 0 }),
      `http://[::1]:${one.address().port}`)
  })

  it('says what may be meant by a host that cannot be resolved', async () => {
    for (const [host, fact] of [
      ['127.0.0.1:9000', '--host 127.0.0.1 --port 9000'],
      ['[::1]:9000', '--host [::1] --port 9000'], ['http://127.0.0.1', '--host 127.0.0.1'], ['http://127.0.0.1:9000/',
        '--host 127.0.0.1 --port 9000'], ['*', '--host 0.0.0.0']
    ]) {
      await assert.rejects(listen(server(), { host, port: 0 }), (error) =>
        error instanceof ListenError && error.message.includes(fact), host)
    }
  })

  it('does not listen on every address when the host is empty', async () => {
    for (const address of [{ host: '', port: 0 }, { uds: '' }]) {
      await assert.rejects(listen(server(), address), ListenError)
    }
  })

  it('says what to do about a port in use', async () => {
    const one = server()
    await listen(one, tcp)
    const { port } = one.address()
    await assert.rejects(listen(server(), { host: '127.0.0.1', port }), (error) => {
      assert(error instanceof ListenError)
      assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port} .*EADDRINUSE.*--port`))
      return true
    })
  })

  it('names a host that is not an address of this machine', async () => {
    await assert.rejects(listen(server(), { host: '192.0.2.1', port: 0 }), /192\.0\.2\.1 .*--host/)
  })

  it('listens on a unix socket instead of host and port', async () => {
    const uds = join(directory, 'socket')
    assert.equal(await listen(server(), { uds }), `unix:${uds}`)
    assert(existsSync(uds))
  })

  it('replaces a socket that a killed process left', async () => {
    const uds = join(directory, 'socket')
    execFileSync(process.execPath, ['-e',
      `require('net').createServer().listen(${JSON.stringify(uds)}, () => process.reallyExit(0))`])
    assert(existsSync(uds))
    assert.equal(await listen(server(), { uds }), `unix:${uds}`)
  })

  it('leaves a socket alone when another process listens on it', async () => {
    const uds = join(directory, 'socket')
    const first = server()
    await listen(first, { uds })
    await assert.rejects(listen(server(), { uds }), /EADDRINUSE.*--uds/)
    assert(existsSync(uds))
  })

  it('leaves a file alone that is not a socket', async () => {
    const uds = join(directory, 'precious')
    writeFileSync(uds, 'data')
    await assert.rejects(listen(server(), { uds }), /precious.*--uds/)
    assert.equal(readFileSync(uds, 'utf8'), 'data')
  })
})
