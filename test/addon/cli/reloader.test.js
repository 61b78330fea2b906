import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'

import { Reloader } from '../../../addon/lib/cli/reloader.js'

/** A handler that starts or not, and whose reloads are counted. */
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

function build (handler) {
  const lines = []
  const log = (name) => (text) => lines.push(`${name} ${text}`)
  const reloader = new Reloader(handler, { error: log('error'), warn: log('warn'), info: log('info') })
  return { reloader, lines }
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
    assert.deepEqual(lines, ['info [node-asgi] SIGHUP: reloading'])
  })

  it('leaves a failure to the log of the handler', async () => {
    const handler = new Handler(null, broken)
    const { reloader, lines } = build(handler)
    reloader.reload('SIGHUP')
    // An unhandled rejection would fail the test.
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(lines.length, 1)
  })

  it('reloads when a file changes, and gives old requests a second or less', async (t) => {
    for (const [drain, timeout] of [[10_000, 1000], [300, 300]]) {
      const handler = new Handler()
      const { reloader, lines } = build(handler)
      const write = watch(t, reloader, drain)
      await reloader.ready()
      write('main.py')
      await handler.reloaded
      assert.deepEqual(handler.reloads[0], { timeout })
      assert.match(lines[0], /^info \[node-asgi\] .*main\.py changed: reloading$/)
    }
  })

  it('counts the files beyond the first', async (t) => {
    const { reloader, lines } = build(new Handler())
    const write = watch(t, reloader, 1000)
    await reloader.ready()
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
    // A busy machine may tell the changes one by one.
    while (!lines.some((line) => /\.py and \d more changed: reloading$/.test(line))) {
      for (const name of names) write(`${name}.py`)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  })

  it('waits for a change when the first start fails, and then reloads', async (t) => {
    const handler = new Handler(broken)
    const { reloader, lines } = build(handler)
    const write = watch(t, reloader, 1000)
    await reloader.ready()
    assert.deepEqual(lines, [
      'error [node-asgi] No module named main\n[node-asgi] waiting for a change of the files'
    ])
    write('main.py')
    await handler.reloaded
  })

  it('passes the failure of the first start on when nothing is watched', async () => {
    const { reloader, lines } = build(new Handler(broken))
    await assert.rejects(reloader.ready(), broken)
    assert.deepEqual(lines, [])
  })

  it('passes it on when it was closed meanwhile', async (t) => {
    const { reloader, lines } = build(new Handler(broken))
    watch(t, reloader, 1000)
    const ready = reloader.ready()
    await Promise.all([reloader.close(), assert.rejects(ready, broken)])
    assert.deepEqual(lines, [])
  })

  it('is ready when it is closed while it looks through the folders', async (t) => {
    const { reloader } = build(new Handler())
    watch(t, reloader, 1000)
    await Promise.all([reloader.ready(), reloader.close()])
  })

  it('does not reload what is stopping, and says so', async () => {
    const handler = new Handler()
    const { reloader, lines } = build(handler)
    await reloader.close()
    reloader.reload('SIGHUP')
    assert.deepEqual(handler.reloads, [])
    assert.deepEqual(lines, ['info [node-asgi] SIGHUP: not reloading, as it is stopping'])
  })
})
