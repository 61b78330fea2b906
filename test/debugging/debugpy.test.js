/** An editor attaches to a worker, with the real debugpy. */

import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { Run } from '../support/run.js'
import { DapClient } from './dap.js'

const PYTHON = join(import.meta.dirname, '.venv/bin/python')

async function freePort () {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

describe('debugpy', { timeout: 120_000 }, () => {
  const docroot = mkdtempSync(join(tmpdir(), 'node-asgi-debugpy-'))
  const source = join(docroot, 'main.py')
  cpSync(join(import.meta.dirname, 'main.py'), source)
  const lineOf = (name) => readFileSync(source, 'utf8').split('\n')
    .findIndex((line) => line.endsWith(`# breakpoint: ${name}`)) + 1
  /** @type {(() => unknown)[]} */
  const ends = []

  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })

  after(() => rmSync(docroot, { recursive: true }))

  async function serve (...args) {
    const port = await freePort()
    const run = new Run(['--docroot', docroot, '--python', PYTHON, '--port', '0',
      '--debug', `${port}`, ...args])
    ends.push(async () => {
      run.child.kill('SIGTERM')
      assert.equal(await run.closed, 0)
      await run.allGone()
    })
    const url = `http://127.0.0.1:${await run.port()}`
    return { run, url, port }
  }

  /** What an editor does with the configuration in docs/debugging.md. */
  async function attach (port, ...lines) {
    const client = await DapClient.connect(port)
    ends.push(() => client.close())
    await client.request('initialize',
      { adapterID: 'debugpy', pathFormat: 'path', linesStartAt1: true, columnsStartAt1: true })
    const attached = client.send('attach', { connect: { host: '127.0.0.1', port } })
    await client.event('initialized')
    const { breakpoints } = await client.request('setBreakpoints',
      { source: { path: source }, breakpoints: lines.map((line) => ({ line })) })
    assert.deepEqual(breakpoints.map(({ verified, line }) => [verified, line]),
      lines.map((line) => [true, line]))
    await client.request('configurationDone')
    await client.response(attached)
    return client
  }

  /** Looks at the place where the application has stopped. */
  async function place (client) {
    const { reason, threadId } = await client.event('stopped')
    const { stackFrames: [frame] } = await client.request('stackTrace', { threadId })
    const { scopes } = await client.request('scopes', { frameId: frame.id })
    const { variables } = await client.request('variables',
      { variablesReference: scopes[0].variablesReference })
    const values = Object.fromEntries(variables.map(({ name, value }) => [name, value]))
    return { reason, threadId, frame, values }
  }

  for (const [path, name, kind] of [['items', 'item', 'async'], ['sync', 'sync_item', 'sync']]) {
    it(`stops at a breakpoint in an endpoint of FastAPI (${kind}), and goes on`, async () => {
      const { url, port } = await serve('--workers', '3', '--timeout-hang', '0.5')
      const line = lineOf(kind)
      const client = await attach(port, line)
      const answer = fetch(`${url}/${path}/21`)
      const { reason, threadId, frame, values } = await place(client)
      assert.equal(reason, 'breakpoint')
      assert.deepEqual([frame.name, frame.line, frame.source.path], [name, line, source])
      assert.deepEqual([values.number, values.doubled], ['21', '42'])
      const { result } = await client.request('evaluate',
        { expression: 'doubled + 1', frameId: frame.id })
      assert.equal(result, '43')
      await sleep(600) // the hang limit, which does not apply
      await client.request('continue', { threadId })
      assert.deepEqual(await (await answer).json(), { doubled: 42 })
      await client.request('disconnect')
      assert.deepEqual(await (await fetch(`${url}/${path}/1`)).json(), { doubled: 2 })
    })
  }

  it('stops at breakpoint() if an editor is there, and goes on if not', async () => {
    const { url, port } = await serve()
    assert.deepEqual(await (await fetch(`${url}/call/1`)).json(), { number: 1 })
    const client = await attach(port)
    const answer = fetch(`${url}/call/2`)
    const { threadId, frame, values } = await place(client)
    assert.deepEqual([frame.name, values.number], ['call', '2'])
    await client.request('continue', { threadId })
    assert.deepEqual(await (await answer).json(), { number: 2 })
  })

  it('listens on the same port after a reload, once the editor has gone', async () => {
    const { run, url, port } = await serve()
    const line = lineOf('async')
    const client = await attach(port, line)
    run.child.kill('SIGHUP')
    await run.match('stderr', /reloaded in/)
    await client.event('terminated')
    client.close() // as editors do
    await run.match('stderr', /(debugpy waits[^]*){2}/)
    const again = await attach(port, line)
    const answer = fetch(`${url}/items/1`)
    const { threadId, values } = await place(again)
    assert.equal(values.doubled, '2')
    await again.request('continue', { threadId })
    assert.equal((await answer).status, 200)
  })

  it('ends although an editor has stopped the application', async () => {
    const { run, url, port } = await serve()
    const client = await attach(port, lineOf('async'))
    const answer = fetch(`${url}/items/1`).catch((error) => error)
    await client.event('stopped')
    run.child.kill('SIGTERM')
    assert.equal(await run.closed, 0)
    await answer
  })
})
