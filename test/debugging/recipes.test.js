/** The recipes of docs/debugging.md for workers that run, with the real tools. */

import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

import { childProcesses } from '../support/processes.js'
import { Run } from '../support/run.js'

const BIN = join(import.meta.dirname, '.venv/bin')

/** The signal that the page names. */
const STACKS = 62

const run = promisify(execFile)

describe('recipes', { timeout: 120_000 }, () => {
  const docroot = mkdtempSync(join(tmpdir(), 'node-asgi-recipes-'))
  cpSync(join(import.meta.dirname, 'main.py'), join(docroot, 'main.py'))
  /** @type {(() => unknown)[]} */
  const ends = []

  afterEach(async () => {
    for (const end of ends.splice(0)) await end()
  })

  after(() => rmSync(docroot, { recursive: true }))

  async function serve (...args) {
    const server = new Run(['--docroot', docroot, '--python', join(BIN, 'python'), '--port', '0',
      '--workers', '1', '--timeout-drain', '0', ...args])
    ends.push(async () => {
      server.child.kill('SIGTERM')
      await server.closed
      await server.allGone()
    })
    const url = `http://127.0.0.1:${await server.port()}`
    const [worker] = childProcesses(childProcesses(server.child.pid)[0])
    return { server, worker, get: (path) => fetch(url + path).catch((error) => error) }
  }

  it('py-spy shows where a worker is blocked', async () => {
    const { worker, get } = await serve('--allow-debug')
    get('/stuck')
    let shown
    do {
      ({ stdout: shown } = await run(join(BIN, 'py-spy'), ['dump', '--pid', `${worker}`]))
    } while (!shown.includes('stuck (main.py'))
    assert.match(shown, /"MainThread"\s+stuck \(main\.py:\d+\)/)
  })

  it('a signal prints the stacks to the log', async () => {
    const { server, worker, get } = await serve()
    get('/stuck')
    do {
      process.kill(worker, STACKS)
      await sleep(50)
    } while (!/main\.py", line \d+ in stuck/.test(server.stderr))
  })

  it('memray finds what keeps memory', {
    skip: spawnSync('gdb', ['--version']).status !== 0 && 'needs gdb, as memray attach does'
  }, async () => {
    const { worker, get } = await serve('--allow-debug')
    const file = join(docroot, 'memory.bin')
    await run(join(BIN, 'memray'), ['attach', '--output', file, `${worker}`])
    await get('/keep')
    await run(join(BIN, 'memray'), ['detach', `${worker}`])
    assert(existsSync(file))
    const { stdout } = await run(join(BIN, 'memray'), ['stats', file])
    assert.match(stdout, /keep:\S*main\.py:\d+ -> 5\.\d+MB/)
  })

  it("Python's development mode warns of forgotten awaits and of slow steps", async () => {
    const { server, get } = await serve('--env', 'PYTHONDEVMODE=1')
    await get('/forgotten')
    await server.match('stderr', /main\.py:\d+: RuntimeWarning: coroutine .* was never awaited/)
    await get('/slow-step')
    await server.match('stderr', /Executing <.*GET \/slow-step.* took 0\.[3-9]/)
  })
})
