/** The dashboard of a real pool, over a real server. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

import { createParser } from 'eventsource-parser'

import { eventually, leakTest, startPython, withServer } from '../support/harness.js'

const ACTION = { method: 'POST', headers: { 'x-node-asgi-dashboard': '1' } }

/** What the page would show: the last content of each section. */
async function watch (url, t) {
  const abort = new AbortController()
  const response = await fetch(`${url}events`, { signal: abort.signal })
  assert.equal(response.status, 200)
  const shown = { seconds: [] }
  const parser = createParser({
    onEvent: ({ event, data }) => {
      const content = JSON.parse(data)
      if (event === 'seconds') shown.seconds.push(...content)
      else shown[event] = content
    }
  })
  const ended = (async () => {
    const decoder = new TextDecoder()
    for await (const chunk of response.body) {
      parser.feed(decoder.decode(chunk, { stream: true }))
    }
  })().catch(() => {})
  return { shown, ended, stop: () => abort.abort() }
}

/** Runs with a handler and the address of its dashboard. */
function dashboardTest (name, options, run) {
  leakTest(name, async () => {
    const python = startPython({ workers: 1, logger: false, ...options })
    const { dashboard } = python
    try {
      await python.ready
      await withServer(dashboard, (base) => run(python, `${base}/`, base))
    } finally {
      await python.close({ timeout: 500 })
    }
  })
}

const logged = []
const logger = { debug () {}, info () {}, warn () {}, error: (text) => logged.push(text) }

dashboardTest('a target that is no URL was logged as a failure of the dashboard', { logger },
  async (python, url, base) => {
    const request = http.get(base, { path: 'http://a:99999999/' })
    const [response] = await once(request, 'response')
    response.resume()
    assert.equal(response.statusCode, 400)
    assert.deepEqual(logged, [])
  })

const slow = { appTarget: 'dashboard_app:app' }

dashboardTest('a request that waits is found, and its stack is read', slow,
  async (python, url) => {
    const stuck = python.handleRequest({ url: '/wait/%3Cb%3E' })
    stuck.catch(() => {})
    const { shown, stop } = await watch(url)
    await eventually(() => assert.equal(shown.running?.list[0]?.name, 'GET /wait/%3Cb%3E'))
    const [{ worker, age, state }] = shown.running.list
    assert.ok(age >= 1000)
    assert.equal(state, 'running')
    const response = await fetch(`${url}stacks?worker=${worker}`, ACTION)
    const { tasks, threads } = await response.json()
    const task = tasks.find(({ name }) => name === 'GET /wait/<b>')
    assert.match(task.text, /in app\n.*await innermost\(\)\n.*in innermost\n/s)
    assert.match(threads, /most recent call first/)
    assert.equal((await fetch(`${url}stacks?worker=99`, ACTION)).status, 404)
    stop()
  })

dashboardTest('an open WebSocket did not have the name of its task', slow, async (python, url) => {
  const socket = await python.connect('/chat')
  const { shown, stop } = await watch(url)
  await eventually(() => assert.equal(shown.running?.list[0]?.name, 'WebSocket /chat'))
  const [{ state, worker }] = shown.running.list
  assert.equal(state, 'websocket')
  const { tasks } = await (await fetch(`${url}stacks?worker=${worker}`, ACTION)).json()
  assert.match(tasks.find(({ name }) => name === 'WebSocket /chat').text, /in innermost\n/)
  stop()
  socket.close()
})

dashboardTest('a request that blocks the event loop is found, and its stack is read', slow,
  async (python, url) => {
    const blocked = python.handleRequest({ url: '/block' })
    const { shown, stop } = await watch(url)
    await eventually(() => assert.equal(shown.running?.list[0]?.name, 'GET /block'))
    const { tasks } = await (await fetch(`${url}stacks?worker=1`, ACTION)).json()
    assert.match(tasks[0].text, /^Task GET \/block \(running\):\n.*time\.sleep/s)
    assert.equal((await blocked).status, 200)
    stop()
  })

dashboardTest('a crash, an exception and a reload are seen', slow, async (python, url) => {
  const { shown, stop, ended } = await watch(url)
  assert.equal((await python.handleRequest({ url: '/fail' }).catch(({ code }) => code)), 'ERR_APP')
  const exited = once(python, 'worker:exit')
  await assert.rejects(python.handleRequest({ url: '/crash', method: 'POST' }))
  await exited
  const response = await fetch(`${url}reload`, ACTION)
  assert.deepEqual([response.status, await response.json()], [200, {}])
  await eventually(() => assert.deepEqual(shown.timeline?.map(({ kind }) => kind),
    ['failure', 'reload']))
  assert.match(shown.timeline[0].text, /^Worker 1 \(pid \d+\) crashed: SIG/)
  const raised = shown.failures.find(({ what }) => what === 'ValueError: <script>')
  assert.equal(raised.request, 'GET /fail')
  const text = await fetch(`${url}failure?id=${raised.id}`)
  assert.equal(text.headers.get('content-type'), 'text/plain; charset=utf-8')
  assert.match(await text.text(), /dashboard_app\.py", line \d+, in app\n.*ValueError: <script>/s)
  await eventually(() => {
    const failed = shown.seconds.reduce((sum, [,,, failures]) => sum + failures, 0)
    assert.equal(failed, 2)
  })
  assert.equal(shown.pool.reloads, 1)
  assert.equal(shown.routes.find(({ name }) => name === 'GET /fail').failures, 1)
  await python.close()
  await ended // nothing more will happen
  stop()
})

dashboardTest('a worker is replaced by the button', slow, async (python, url) => {
  const recycled = once(python, 'worker:recycle')
  const exited = once(python, 'worker:exit')
  assert.equal((await fetch(`${url}recycle?worker=1`, ACTION)).status, 200)
  assert.equal((await recycled)[0].reason, 'asked')
  assert.equal((await exited)[0].reason, 'recycle')
  assert.deepEqual(python.stats().workers.map(({ id }) => id), [2])
  assert.equal((await fetch(`${url}recycle?worker=1`, ACTION)).status, 404)
  assert.equal((await fetch(`${url}elsewhere`, ACTION)).status, 404)
})

dashboardTest('the page loads nothing from elsewhere, and says so to the browser', slow,
  async (python, url, base) => {
    const page = await fetch(url)
    const policy = page.headers.get('content-security-policy')
    assert.match(policy, /default-src 'none'/)
    assert.doesNotMatch(policy, /unsafe|\*|https?:/)
    assert.equal(page.headers.get('x-frame-options'), 'DENY')
    const html = await page.text()
    assert.doesNotMatch(html, /\son\w+=|style=|<script>|https?:/)
    const names = [...html.matchAll(/(?:src|href)="([\w.]+)"/g)].map(([, name]) => name)
    assert.equal(names.length, 5)
    for (const name of names) {
      const file = await fetch(url + name)
      assert.equal(file.status, 200, name)
      assert.match(file.headers.get('content-type'), /^(text\/(css|javascript)|image)/)
      assert.equal(file.headers.get('x-content-type-options'), 'nosniff')
      // What it imports.
      const text = await file.text()
      for (const [, other] of text.matchAll(/from '\.\/([\w.]+)'/g)) {
        assert.equal((await fetch(url + other)).status, 200, other)
      }
    }
    // Without the slash, the names of files would be relative to something else.
    const moved = await fetch(`${base}/below/here?x`, { redirect: 'manual' })
    assert.deepEqual([moved.status, moved.headers.get('location')], [303, './here/'])
    assert.equal((await fetch(`${base}/below/here/text.js`)).status, 200)
    assert.equal((await fetch(url, { ...ACTION, method: 'PUT' })).status, 405)
    assert.equal((await fetch(url, { method: 'HEAD' })).status, 200)
  })

dashboardTest('another site gets nothing', slow, async (python, url) => {
  const { port } = new URL(url)
  const ask = async (headers, method = 'GET', path = '/') => {
    const request = http.request({ port, host: '127.0.0.1', path, method, headers })
    const [response] = await once(request.end(), 'response')
    response.resume()
    return response.statusCode
  }
  assert.equal(await ask({ host: 'evil.example' }), 403)
  assert.equal(await ask({ host: `localhost:${port}`, 'x-forwarded-for': '127.0.0.1' }), 403)
  assert.equal(await ask({}, 'POST', '/reload'), 403)
  assert.equal(await ask({ origin: 'http://evil.example', 'x-node-asgi-dashboard': '1' }, 'POST',
    '/reload'), 403)
  assert.equal(python.stats().reloads, 0)
})

dashboardTest('with a token, only those who have it', {
  ...slow, dashboard: { token: 'correct-horse-battery' }
}, async (python, url) => {
  assert.equal((await fetch(url)).status, 401)
  const headers = { authorization: 'Bearer correct-horse-battery' }
  assert.equal((await fetch(url, { headers })).status, 200)
  const login = await fetch(`${url}?token=correct-horse-battery`, { redirect: 'manual' })
  assert.deepEqual([login.status, login.headers.get('location')], [303, './'])
  const [cookie] = login.headers.get('set-cookie').split(';')
  assert.equal((await fetch(`${url}events`, { headers: { cookie } })
    .then(async (response) => {
      await response.body.cancel()
      return response.status
    })), 200)
})

leakTest('an open dashboard kept its server from closing', async () => {
  const python = startPython({ ...slow, workers: 1, logger: false })
  const server = http.createServer(python.dashboard)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { ended } = await watch(`http://127.0.0.1:${server.address().port}/`)
  const closed = once(server, 'close')
  server.close()
  await Promise.all([ended, closed])
  await python.close()
})

dashboardTest('clients that guess take no more than the limit of pages', slow,
  async (python, url) => {
    const open = await Promise.all(Array.from({ length: 32 }, () => fetch(`${url}events`)))
    const refused = await fetch(`${url}events`)
    assert.equal(refused.status, 503)
    await Promise.all(open.map(({ body }) => body.cancel()))
    await eventually(async () => {
      const again = await fetch(`${url}events`)
      await again.body.cancel()
      assert.equal(again.status, 200)
    })
  })

leakTest('a pool that has failed says why', async () => {
  const python = startPython({ appTarget: 'raise_at_import_app:app', workers: 1, logger: false })
  const { dashboard } = python
  await assert.rejects(python.ready)
  await withServer(dashboard, async (base) => {
    const { shown, stop } = await watch(`${base}/`)
    await eventually(() => assert.equal(shown.pool?.state, 'failed'))
    assert.match(shown.pool.outage, /DATABASE_URL is not set/)
    const [{ id }] = shown.failures
    assert.match(await (await fetch(`${base}/failure?id=${id}`)).text(), /Traceback/)
    stop()
    await delay(10)
  })
  await python.close()
})
