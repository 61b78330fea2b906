import assert from 'node:assert/strict'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

import {
  LIMIT, eventually, leakTest, startPython, withPython
} from '../support/harness.js'
import { seedOf, seeded } from '../support/random.js'

const appTarget = 'elastic_app:app'
const elastic = { appTarget, preload: true }

/** The processes that have answered. */
async function answeredBy (python, count, url) {
  const answers = await Promise.all(Array.from({ length: count }, () =>
    python.handleRequest({ url })))
  for (const { status } of answers) assert.equal(status, 200)
  return new Set(answers.map((answer) => answer.text()))
}

const waitFor = (python, count) => eventually(() => {
  const { size, workers } = python.stats()
  assert.deepEqual([size.wanted, workers.length], [count, count])
})

withPython('a burst is answered by more workers, which go when there is nothing to do',
  { ...elastic, workers: { min: 1, max: 4, idle: 200 } }, async (python) => {
    const events = []
    python.on('pool:resize', ({ from, to, reason }) => events.push({ from, to, reason }))
    assert.equal(python.stats().workers.length, 1)
    const processes = await answeredBy(python, 200, '/compute?3')
    assert.ok(processes.size > 1)
    assert.deepEqual(python.stats().size, { wanted: 4, min: 1, max: 4 })
    await waitFor(python, 1)
    const reasons = events.map(({ reason }) => reason)
    assert.deepEqual([reasons[0], ...new Set(reasons)], ['load', 'load', 'idle'])
    assert.deepEqual(python.stats().exits, { resize: 3 })
  })

withPython('late event loops get help although no request waits',
  { ...elastic, workers: { min: 1, max: 2 } }, async (python) => {
    const resized = once(python, 'pool:resize')
    const stop = new AbortController()
    resized.then(() => stop.abort())
    await Promise.all(Array.from({ length: 4 }, async () => {
      while (!stop.signal.aborted) await python.handleRequest({ url: '/compute?30' })
    }))
    assert.equal((await resized)[0].reason, 'load')
    assert.equal(python.stats().wait.count, 0)
  })

for (const preload of [true, false]) {
  withPython(`without a worker, the first request starts one (preload: ${preload})`,
    { appTarget, preload, workers: { min: 0, max: 2, idle: 20 } }, async (python) => {
      const { workers, state, size } = python.stats()
      assert.deepEqual([workers.length, state, size.wanted], [0, 'running', 0])
      assert.equal(python.health.check().ready, true)
      assert.equal((await python.handleRequest({ url: '/' })).status, 200)
      await waitFor(python, 0)
      assert.equal(python.health.check().ready, true)
      assert.equal(python.handleRequestSync({ url: '/' }).status, 200)
      await waitFor(python, 0)
      const socket = await python.connect('/')
      socket.send('hello')
      assert.equal((await once(socket, 'message'))[0].data, 'hello')
      await sleep(200)
      assert.equal(python.stats().workers.length, 1, 'it stays while a WebSocket is open')
      socket.close()
      await waitFor(python, 0)
      await python.reload()
      assert.equal((await python.handleRequest({ url: '/' })).status, 200)
    })
}

leakTest('requests before the fork server is ready get a worker, even if they block', async () => {
  const options = { appTarget, workers: { min: 0, max: 2 } }
  assert.equal((await startPython(options).handleRequest({ url: '/' })).status, 200)
  assert.equal(startPython(options).handleRequestSync({ url: '/' }).status, 200)
  const closing = startPython(options)
  const answer = closing.handleRequest({ url: '/' })
  closing.close()
  assert.equal((await answer).status, 200)
})

leakTest('an application that cannot be imported is reported without a worker, too', async () => {
  const options = { appTarget: 'import_error_app:app', workers: { min: 0, max: 2 } }
  await assert.rejects(startPython({ ...options, preload: true }).ready, { code: 'ERR_PRELOAD' })
  const lazy = startPython(options)
  await lazy.ready
  const failed = once(lazy, 'pool:failed')
  await assert.rejects(lazy.handleRequest({ url: '/' }), { code: 'ERR_APP_IMPORT' })
  assert.equal((await failed)[0].error.code, 'ERR_APP_IMPORT')
  assert.equal(lazy.health.check().ready, false)
  assert.throws(() => lazy.handleRequestSync({ url: '/' }), { code: 'ERR_APP_IMPORT' })
  await assert.rejects(lazy.reload(), { code: 'ERR_APP_IMPORT' })
  await assert.rejects(lazy.resize(2), { code: 'ERR_APP_IMPORT' })
})

withPython('a request that blocks was refused when every worker had a batch',
  { ...elastic, workers: { min: 1, max: 2 } }, async (python) => {
    const others = answeredBy(python, 40, '/wait?50')
    assert.equal(python.handleRequestSync({ url: '/' }).status, 200)
    await others
  })

withPython('resize() changes the number of workers', { ...elastic, workers: 1 }, async (python) => {
  await python.resize(3)
  assert.equal(python.stats().ready, 3)
  const slow = Promise.all(Array.from({ length: 3 }, () =>
    python.handleRequest({ url: '/wait?300' })))
  await python.resize(1)
  assert.equal(python.stats().ready, 1)
  for (const { status } of await slow) assert.equal(status, 200)
  await waitFor(python, 1)
  await python.resize({ min: 0, max: 2, idle: 50 })
  await waitFor(python, 0)
  await python.resize({ min: 1 })
  assert.equal(python.stats().ready, 1)
  for (const size of [0, -1, 1.5, '2', null, { min: 3 - 9 }, { mox: 1 }]) {
    await assert.rejects(python.resize(size), { code: 'ERR_INVALID_OPTION' })
  }
  const [first, second] = [python.resize(4), python.resize(2)]
  await Promise.all([first, second])
  assert.equal(python.stats().ready, 2)
  await Promise.all([python.reload(), python.resize(3)])
  assert.equal(python.stats().ready, 3)
  const late = python.resize(20)
  python.close()
  await assert.rejects(late, { code: 'ERR_CLOSED' })
  await assert.rejects(python.resize(1), { code: 'ERR_CLOSED' })
})

const seconds = Number(process.env.NODE_ASGI_CHAOS_SECONDS ?? 3)

leakTest('workers that come and go cut no request, stream or WebSocket', async (t) => {
  const random = seeded(seedOf(t))
  const python = startPython({ ...elastic, workers: { min: 0, max: 4, idle: 10 } })
  await python.ready
  const sizes = new Set()
  python.on('pool:resize', ({ to }) => sizes.add(to))
  const kinds = [
    async () => {
      const response = await python.handleRequest({ url: '/compute?2', method: 'POST' })
      assert.equal(response.status, 200)
    },
    async () => {
      const response = await python.handleRequest({ url: '/wait?100', method: 'POST' })
      assert.equal(response.status, 200)
    },
    async () => {
      const { body } = await python.handleStream({ url: '/stream?100' })
      let text = ''
      for await (const piece of body) text += piece
      assert.match(text, /^(piece ){5}\d+$/)
    },
    async () => {
      const socket = await python.connect('/')
      for (const text of ['one', 'two', 'three']) {
        socket.send(text)
        assert.equal((await once(socket, 'message'))[0].data, text)
        await sleep(random() * 50)
      }
      socket.close()
      const [{ code }] = await once(socket, 'close')
      assert.notEqual(code, 1012, 'the worker has ended')
    }
  ]
  let done = 0
  for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
    // The first burst needs all workers, whatever the seed.
    const count = Math.floor((done === 0 ? 1 : random() ** 3) * 150)
    await Promise.all(Array.from({ length: count }, async () => {
      await sleep(random() * 40)
      await kinds[Math.floor(random() * kinds.length)]()
      done++
    }))
    if (random() < 0.1) await python.reload()
    await sleep(random() ** 2 * 400)
  }
  const { exits, failed, lost, rejected } = python.stats()
  t.diagnostic(`${done} done, exits: ${JSON.stringify(exits)}`)
  assert.deepEqual([failed, lost, rejected], [0, 0, 0])
  assert.ok(exits.resize > 0 && sizes.has(4))
}, LIMIT + seconds * 1000)
