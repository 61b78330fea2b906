import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'

import { Reloader } from '../../../addon/lib/reload/reloader.js'

/** A handler that starts or fails to, and records its reloads. */
class Handler {
  reloads = []

  constructor (error = null, failure = null) {
    this.ready = error === null ? Promise.resolve() : Promise.reject(error)
    this.ready.catch(() => {})
    this.failure = failure
    this.reloaded = new Promise((resolve) => { this.onReload = resolve })
  }

  async reload (options) {
    this.reloads.push(options)
    this.onReload()
    if (this.failure) throw this.failure
  }
}

function build (handler, prepare) {
  const lines = []
  const log = (name) => (text) => lines.push(`${name} ${text}`)
  const logger = { error: log('error'), warn: log('warn'), info: log('info') }
  return { reloader: new Reloader(handler, logger, prepare), lines }
}

function watch (t, reloader, timeout) {
  const folder = mkdtempSync(join(tmpdir(), 'node-asgi-reloader-'))
  t.after(async () => {
    await reloader.close()
    rmSync(folder, { recursive: true })
  })
  reloader.watch({ folders: [folder], extensions: ['py'] }, timeout)
  return (name) => writeFileSync(join(folder, name), 'x')
}

describe('Reloader', () => {
  const broken = new Error('No module named main')

  it('says why it reloads', () => {
    const handler = new Handler()
    const { reloader, lines } = build(handler)
    reloader.reload('SIGHUP')
    assert.deepEqual(handler.reloads, [undefined])
    assert.equal(lines.length, 1)
    assert.match(lines[0], /^info .*SIGHUP: reloading/)
  })

  it('leaves it to the handler to log a failure', async () => {
    const handler = new Handler(null, broken)
    const { reloader, lines } = build(handler)
    reloader.reload('SIGHUP')
    // An unhandled rejection would fail the test.
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(lines.length, 1)
  })

  it('reloads when a file changes, and gives old requests at most a second', async (t) => {
    for (const [drain, timeout] of [[10_000, 1000], [300, 300]]) {
      const handler = new Handler()
      let prepared = 0
      const { reloader, lines } = build(handler, () => {
        assert.deepEqual(handler.reloads, [])
        prepared++
      })
      const write = watch(t, reloader, drain)
      await reloader.ready()
      write('main.py')
      await handler.reloaded
      assert.equal(prepared, 1)
      assert.deepEqual(handler.reloads[0], { timeout })
      assert.match(lines[0], /^info .*main\.py changed: reloading/)
    }
  })

  it('counts the files beyond the first', async (t) => {
    const { reloader, lines } = build(new Handler())
    const write = watch(t, reloader, 1000)
    await reloader.ready()
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
    // A busy machine may report the changes one by one.
    while (!lines.some((line) => /\.py and \d more changed: reloading/.test(line))) {
      for (const name of names) write(`${name}.py`)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  })

  it('waits for file changes when the first start fails, and then reloads', async (t) => {
    const handler = new Handler(broken)
    const { reloader, lines } = build(handler)
    const write = watch(t, reloader, 1000)
    await reloader.ready()
    assert.equal(lines.length, 1)
    assert.match(lines[0], /^error .*No module named main\n.*waiting for file changes/)
    write('main.py')
    await handler.reloaded
  })

  it('rejects with the failure of the first start when nothing is watched', async () => {
    const { reloader, lines } = build(new Handler(broken))
    await assert.rejects(reloader.ready(), broken)
    assert.deepEqual(lines, [])
  })

  it('rejects with the failure of the first start when it is closed meanwhile', async (t) => {
    const { reloader, lines } = build(new Handler(broken))
    watch(t, reloader, 1000)
    const ready = reloader.ready()
    await Promise.all([reloader.close(), assert.rejects(ready, broken)])
    assert.deepEqual(lines, [])
  })

  it('is ready when it is closed while it scans the folders', async (t) => {
    const { reloader } = build(new Handler())
    watch(t, reloader, 1000)
    await Promise.all([reloader.ready(), reloader.close()])
  })

  it('does not reload when the server is stopping, and says so', async () => {
    const handler = new Handler()
    const { reloader, lines } = build(handler)
    await reloader.close()
    reloader.reload('SIGHUP')
    assert.deepEqual(handler.reloads, [])
    assert.equal(lines.length, 1)
    assert.match(lines[0], /^info .*SIGHUP: not reloading/)
  })
})
