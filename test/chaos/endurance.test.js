/** Many failures in a row: what each leaves behind, and how Node's event loop is affected. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'

import { eventually, leakTest, startPython } from '../support/harness.js'

const CRASHES = Number(process.env.NODE_ASGI_CRASHES ?? 1000)

/** These tests are about crashes, so they must not lead to delays. */
const restart = { min: 1, max: 1, limit: Infinity }

leakTest(`${CRASHES} crashes in a row leave nothing behind`, async (t) => {
  const python = startPython({
    appTarget: 'exit_app:app', workers: 4, concurrency: 1, preload: true, restart
  })
  await python.ready
  const paths = ['/os-exit', '/segv', '/kill', '/abort', '/kill?after=start']
  const handles = process.getActiveResourcesInfo().length
  let crashes = 0
  const memory = []
  async function client () {
    while (crashes < CRASHES) {
      const url = paths[crashes++ % paths.length]
      if (crashes % Math.ceil(CRASHES / 10) === 0) memory.push(process.memoryUsage().rss)
      await assert.rejects(python.handleRequest({ method: 'POST', url }),
        { code: 'ERR_WORKER_CRASHED' })
    }
  }
  await Promise.all(Array.from({ length: 4 }, client))
  await eventually(() => assert.equal(python.stats().ready, 4))
  const { exits, lost, requests, answered } = python.stats()
  assert.equal(exits.crash, CRASHES)
  assert.deepEqual({ lost, answered, requests }, { lost: CRASHES, answered: 0, requests: CRASHES })
  await eventually(() => {
    const left = process.getActiveResourcesInfo().length
    assert.ok(left <= handles, `${left} handles instead of ${handles}`)
  })
  const mib = memory.map((bytes) => Math.round(bytes / 2 ** 20))
  t.diagnostic(`Node's memory during the crashes: ${mib.join(' ')} MiB`)
  await python.close()
}, 120_000)

// How late Node's timers are depends on the load of the cores. So the same cores are kept busy
// first by unrelated processes, then by workers that burn CPU, crash and hang.
leakTest('workers that burn CPU, crash and hang delay Node no more than others do', async (t) => {
  const python = startPython({
    appTarget: 'chaos_app:app',
    env: { CHAOS_BROKEN: '/nowhere' },
    workers: 2,
    preload: true,
    restart,
    timeouts: { hang: 300 }
  })
  await python.ready
  const strangers = []
  const plain = []
  const ours = []
  try {
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 2; i++) strangers.push(burn())
      await Promise.all(strangers.map((child) => once(child.stdout, 'data')))
      plain.push(await delay())
      await Promise.all(strangers.splice(0).map((child) => {
        child.kill('SIGKILL')
        return once(child, 'exit')
      }))
      const stop = trouble(python)
      ours.push(await delay())
      await stop()
    }
  } finally {
    for (const child of strangers) child.kill('SIGKILL')
  }
  const { exits } = python.stats()
  t.diagnostic(`mean delay of a timer, ms: with unrelated processes ${plain.join(' ')}; ` +
    `with workers ${ours.join(' ')}; exits ${JSON.stringify(exits)}`)
  assert.ok(exits.hung > 0 && exits.crash > 0)
  assert.ok(Math.min(...ours) <= 3 * Math.max(...plain) + 1)
  await python.close()
}, 120_000)

/** How many milliseconds timers are late on average, measured for a second. */
async function delay () {
  const histogram = monitorEventLoopDelay({ resolution: 5 })
  histogram.enable()
  await sleep(1000)
  histogram.disable()
  return Number((histogram.mean / 1e6).toFixed(2))
}

function burn () {
  return spawn('python3', ['-c', 'print(flush=True)\nwhile True: pass'],
    { stdio: ['ignore', 'pipe', 'ignore'] })
}

/** One worker crashes repeatedly; the other blocks its event loop until it is killed. */
function trouble (python) {
  const stop = new AbortController()
  const { signal } = stop
  const running = ['/block?ms=60000', '/block?ms=20'].map(async (url, i) => {
    while (!signal.aborted) {
      await python.handleRequest({ method: 'POST', url }, { signal }).catch(() => {})
      const victim = python.stats().workers
        .find(({ state, inFlight }) => state === 'ready' && inFlight === 0)
      if (i === 1 && victim !== undefined) process.kill(victim.pid, 'SIGKILL')
    }
  })
  return () => {
    stop.abort()
    return Promise.all(running)
  }
}
