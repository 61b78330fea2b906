/**
 * Kills everything that can die, repeatedly, under a steady mixed load. At the end every request is
 * accounted for: it got the right answer once, or failed with a code. None is lost and none is
 * still waiting.
 */

import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import {
  closeSync, mkdtempSync, openSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync,
  writeSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { serviceOf } from '../../addon/lib/handler.js'
import { parseOptions } from '../../addon/lib/options.js'
import { childProcesses, eventually, leakTest, startPython } from '../support/harness.js'
import { seedOf, seeded } from '../support/random.js'

/** Ten times as fast as the defaults: what takes half a minute there happens several times here. */
const FACTOR = 10

/** Milliseconds: timeouts.hang, then restart.max, and some more for a busy machine. */
const RECOVERY = 90_000

const SECONDS = Number(process.env.NODE_ASGI_CHAOS_SECONDS ?? 4)

/** Milliseconds for one test. */
const LIMIT = SECONDS * 1000 + 2 * RECOVERY

/** Codes that a request may fail with when its worker or its fork server dies. */
const EXPECTED = new Set(['ERR_WORKER_CRASHED', 'ERR_WORKER_PROTOCOL', 'ERR_WORKER_HUNG',
  'ERR_PYTHON_FAILED', 'ERR_REQUEST_TIMEOUT', 'ERR_APP', 'ERR_APP_IMPORT', 'ERR_PRELOAD',
  'ERR_QUEUE_FULL'])

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

function * parts (bytes) {
  for (let i = 0; i < bytes.length; i += 20_000) yield bytes.subarray(i, i + 20_000)
}

/** Sends requests of several kinds without a pause until stopped; returns the outcomes. */
function load (python, clients, random, more = []) {
  const outcome = { answered: 0, wrong: 0, failed: new Map(), sent: 0 }
  const stop = new AbortController()
  const kinds = [
    async () => {
      const { body } = await python.handleRequest({ url: '/ping' })
      return body.toString() === 'pong'
    },
    async () => {
      const bytes = Buffer.alloc(1 + Math.floor(random() * 300_000), 7)
      const response = await python.handleRequest(
        { method: 'POST', url: '/upload', body: parts(bytes) })
      return response.body.includes(sha256(bytes))
    },
    async () => {
      const size = 1 + Math.floor(random() * 600_000)
      const response = await python.handleStream({ url: `/download?bytes=${size}` })
      let count = 0
      for await (const chunk of response) count += chunk.length
      return count === size
    },
    async () => {
      const { body } = await python.handleRequest({ method: 'PUT', url: '/ping', body: 'x' })
      return body.toString() === 'pong'
    },
    async () => {
      const socket = await python.connect('/echo')
      const sent = Buffer.alloc(1 + Math.floor(random() * 200_000), 9)
      const messages = 1 + Math.floor(random() * 4)
      for (let i = 0; i < messages; i++) socket.send(sent)
      let same = 0
      for await (const message of socket) {
        if (!sent.equals(message)) return false
        if (++same === messages) break
      }
      return same === messages
    },
    ...more
  ]
  async function client () {
    while (!stop.signal.aborted) {
      outcome.sent++
      try {
        if (await kinds[Math.floor(random() * kinds.length)]()) outcome.answered++
        else outcome.wrong++
      } catch (error) {
        outcome.failed.set(error.code, (outcome.failed.get(error.code) ?? 0) + 1)
        // During an outage a client must not spin.
        await sleep(2)
      }
    }
  }
  const running = Promise.all(Array.from({ length: clients }, client))
  return async () => {
    stop.abort()
    await running
    return outcome
  }
}

function account (t, outcome) {
  const failures = [...outcome.failed.values()].reduce((sum, count) => sum + count, 0)
  t.diagnostic(`${outcome.sent} sent, ${outcome.answered} answered, ${outcome.wrong} wrong, ` +
    `failed: ${JSON.stringify(Object.fromEntries(outcome.failed))}`)
  assert.equal(outcome.sent, outcome.answered + outcome.wrong + failures)
  for (const code of outcome.failed.keys()) assert.ok(EXPECTED.has(code), `failed with ${code}`)
  assert.ok(outcome.answered > 0)
}

/** Every request that a worker got has exactly one outcome. */
function balances ({ requests, answered, failed, aborted, lost, inFlight }) {
  assert.equal(requests, answered + failed + aborted + lost + inFlight)
}

/**
 * Observes every request.
 * @returns {() => void} checks that each has ended once, and that its times are in order
 */
function observe (python) {
  const open = new Set()
  const problems = []
  let retries = 0
  serviceOf(python).observers.add({
    onStart: (request) => open.add(request),
    onEnd: (request) => {
      const { acceptedAt, sentAt, startedAt, endedAt, outcome, error } = request
      const times = [acceptedAt, sentAt, startedAt, endedAt].filter((time) => time > 0)
      const isOrdered = times.every((time, i) => i === 0 || time >= times[i - 1])
      if (!open.delete(request)) problems.push('ended twice')
      if (!isOrdered) problems.push(`times ${times}`)
      if ((outcome === 'answered') !== (error === null)) problems.push(`${outcome} with ${error}`)
      retries += request.retries
    }
  })
  return () => {
    assert.deepEqual(problems, [])
    assert.equal(open.size, 0)
    assert.equal(retries, python.stats().retried)
  }
}

async function recovers (python, workers) {
  await eventually(() => assert.equal(python.stats().ready, workers), RECOVERY)
  await eventually(() => assert.equal(python.stats().inFlight, 0))
  assert.equal(python.stats().queued, 0)
  balances(python.stats())
  for (let i = 0; i < 20; i++) {
    assert.equal((await python.handleRequest({ url: '/ping' })).body.toString(), 'pong')
  }
}

/** Divides every time of a group of options by the factor. */
function faster (group) {
  return Object.fromEntries(Object.entries(group).map(([name, value]) =>
    [name, name === 'limit' ? value : value / FACTOR]))
}

const { timeouts, restart } = parseOptions()

for (const [mode, times] of [
  ['with the defaults', {}],
  [`with every time divided by ${FACTOR}`, { timeouts: faster(timeouts), restart: faster(restart) }]
]) {
  leakTest(`workers and fork servers die under load ${mode}: every request has an outcome`,
    (t) => killEverything(t, times), LIMIT)
}

/**
 * @param {import('node:test').TestContext} t
 * @param {object} times options
 */
async function killEverything (t, times) {
  const random = seeded(seedOf(t))
  const folder = mkdtempSync(join(tmpdir(), 'node-asgi-chaos-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const broken = join(folder, 'broken')
  const notes = join(folder, 'notes')
  const python = startPython({
    appTarget: 'chaos_app:app',
    env: { CHAOS_BROKEN: broken, CHAOS_NOTES: notes },
    workers: 3,
    preload: true,
    recycle: { requests: 100, jitter: 0.5, age: 3000 },
    ...times
  })
  await python.ready
  const checkObserved = observe(python)
  const reloads = { done: 0, failed: 0 }
  python.on('reload', ({ error }) => reloads[error === null ? 'done' : 'failed']++)
  const noted = new Set()
  const stop = load(python, 12, random, [...['/block', '/slow'].map((url) => async () => {
    const ms = Math.floor(random() * 30)
    return (await python.handleRequest({ url: `${url}?ms=${ms}` })).body.toString() === 'pong'
  }), async () => {
    // A POST must not be repeated: it is done once, or perhaps not at all if it fails.
    const id = randomUUID()
    const { body } = await python.handleRequest({ method: 'POST', url: `/note?id=${id}` })
    noted.add(id)
    return body.toString() === id
  }])
  const end = performance.now() + SECONDS * 1000
  const pending = []
  while (performance.now() < end) {
    await sleep(20 + random() * 150)
    const workers = python.stats().workers.filter(({ state, pid }) => state === 'ready' && pid > 0)
    const victim = workers[Math.floor(random() * workers.length)]
    const children = childProcesses()
    const child = children[Math.floor(random() * children.length)]
    const dice = random()
    try {
      if (dice < 0.1 && child) process.kill(child, 'SIGKILL')
      else if (dice < 0.2) pending.push(codeOf(reload(python, broken, random)))
      else if (dice < 0.3) pending.push(codeOf(fill(python)))
      else if (dice < 0.4 && victim) process.kill(victim.pid, 'SIGSTOP')
      else if (victim) process.kill(victim.pid, dice < 0.7 ? 'SIGKILL' : 'SIGSEGV')
    } catch (error) {
      assert.equal(error.code, 'ESRCH') // the process had already ended
    }
  }
  rmSync(broken, { force: true })
  const outcome = await stop()
  account(t, outcome)
  for (const code of await Promise.all(pending)) {
    assert.ok(code === null || EXPECTED.has(code), code)
  }
  assert.equal(outcome.wrong, 0)
  await recovers(python, 3)
  checkObserved()
  const done = readFileSync(notes, 'utf8').trim().split('\n')
  assert.equal(new Set(done).size, done.length, 'a POST was done twice')
  assert.deepEqual([...noted].filter((id) => !done.includes(id)), [])
  const { retried, exits } = python.stats()
  t.diagnostic(`${retried} retried; exits ${JSON.stringify(exits)}; ` +
    `reloads ${JSON.stringify(reloads)}`)
  await python.close()
}

for (const interval of [1000, 300]) {
  leakTest(`a pool went down when a worker was killed every ${interval} ms`, async (t) => {
    const python = startPython({ appTarget: 'upload_app:app', workers: 2 })
    await python.ready
    python.on('pool:failed', () => assert.fail('the pool has failed'))
    let failed = 0
    let answered = 0
    let last = performance.now()
    let longestGap = 0
    const stop = new AbortController()
    const clients = Array.from({ length: 32 }, async () => {
      while (!stop.signal.aborted) {
        try {
          await python.handleRequest({ url: '/ping' })
          answered++
        } catch (error) {
          assert.equal(error.code, 'ERR_WORKER_CRASHED')
          failed++
        }
        const now = performance.now()
        longestGap = Math.max(longestGap, now - last)
        last = now
      }
    })
    let kills = 0
    for (const end = performance.now() + SECONDS * 1000; performance.now() < end;) {
      await sleep(interval)
      const victim = python.stats().workers.find(({ state }) => state === 'ready')
      if (victim === undefined) continue
      process.kill(victim.pid, 'SIGKILL')
      kills++
    }
    stop.abort()
    await Promise.all(clients)
    t.diagnostic(`${kills} kills, ${answered} answered, ${failed} failed; the longest time ` +
      `without an answer was ${Math.round(longestGap)} ms`)
    assert.ok(failed <= 3 * kills, `${failed} requests failed`)
    assert.equal(python.stats().state, 'running')
    await recovers(python, 2)
    await python.close()
  }, LIMIT)
}

/** The code that a promise was rejected with, or null. */
function codeOf (promise) {
  return promise.then(() => null, ({ code }) => code)
}

/** Lets a worker use up its memory. */
function fill (python) {
  return python.handleRequest({ method: 'POST', url: '/fill' })
}

/** Reloads; in half of the cases the application cannot be imported. */
async function reload (python, broken, random) {
  if (random() < 0.5) writeFileSync(broken, '')
  try {
    await python.reload()
  } finally {
    rmSync(broken, { force: true })
  }
}

// Damage in a body cannot be detected. It must neither harm Node nor keep a request waiting.
leakTest('random bytes in live segments', async (t) => {
  const random = seeded(seedOf(t))
  const python = startPython({
    appTarget: 'upload_app:app',
    workers: 2,
    // A frame that is damaged may never be answered.
    timeouts: { hang: 400, request: 3000 }
  })
  await python.ready
  const stop = load(python, 8, random)
  const end = performance.now() + SECONDS * 1000
  let writes = 0
  while (performance.now() < end) {
    await sleep(random() * 10)
    // One write in five goes to a header page: see scribble().
    for (let i = 0; i < 20; i++, writes++) scribble(random)
  }
  t.diagnostic(`${writes} writes`)
  account(t, await stop())
  await recovers(python, 2)
  await python.close()
}, LIMIT)

function scribble (random) {
  const segments = readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return /memfd:/.test(readlinkSync(`/proc/self/fd/${fd}`))
    } catch {
      return false
    }
  })
  if (segments.length === 0) return
  const fd = openSync(`/proc/self/fd/${segments[Math.floor(random() * segments.length)]}`, 'r+')
  const position = random() < 0.2 ? Math.floor(random() * 1024) : Math.floor(random() * 2_000_000)
  const bytes = Buffer.alloc(1 + Math.floor(random() * 16), Math.floor(random() * 256))
  try {
    writeSync(fd, bytes, 0, bytes.length, position)
  } finally {
    closeSync(fd)
  }
}
