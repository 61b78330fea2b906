// The examples of docs/guides, as their readers run them.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'

import { runExample, withExample } from '../support/example.js'
import { VENV_PYTHON, eventually, leakTest } from '../support/harness.js'
import { openSocket } from '../support/websocket.js'

leakTest('examples/chat: two workers have one room', () => withExample('chat', ['express', 'ws'],
  (folder) => runExample(folder, 'server.js', async (url) => {
    assert.match(await (await fetch(url)).text(), /<h1>Chat<\/h1>/)
    const chat = `${url.replace('http', 'ws')}/chat?name=`
    const [ada, grace] = await Promise.all(['ada', 'grace'].map((name) => openSocket(chat + name)))
    const lines = (client) => client.received.map((line) => JSON.parse(line))
    const inRoom = (client) => lines(client).map(({ name, text }) => `${name}: ${text}`)

    // The second worker may take a moment longer to start.
    let sent = 0
    await eventually(async () => {
      for (let i = 0; i < 20; i++, sent++) for (const each of [ada, grace]) each.send(`${sent}`)
      await eventually(() => assert.equal(ada.received.length, 2 * sent))
      assert.equal(new Set(lines(ada).map(({ worker }) => worker)).size, 2)
    }, 20_000)
    await eventually(() => assert.deepEqual(inRoom(ada), inRoom(grace)))
    const own = inRoom(ada).filter((line) => line.startsWith('ada'))
    assert.deepEqual(own, Array.from({ length: sent }, (_, i) => `ada: ${i}`), 'not in order')

    ada.send('buy spam')
    await once(ada, 'message')
    assert.deepEqual(JSON.parse(ada.received.at(-1)), { error: 'nobody wants to read that' })
    assert.equal(grace.received.length, 2 * sent)
    ada.close()
    await ada.closed
  })))

leakTest('examples/django-express: Express lets in whoever has logged in to Django', () =>
  withExample('django-express', ['express'], async (folder) => {
    const manage = (args, env = {}) => execFileSync(VENV_PYTHON, ['manage.py', ...args],
      { cwd: folder, env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'inherit'] })
    manage(['migrate'])
    manage(['createsuperuser', '--no-input', '--username', 'ada', '--email', 'ada@example.com'],
      { DJANGO_SUPERUSER_PASSWORD: 'secret' })
    manage(['collectstatic', '--no-input'])
    await runExample(folder, 'server.js', async (url) => {
      const get = (path, cookie = '') =>
        fetch(url + path, { headers: { cookie }, redirect: 'manual' })
      assert.equal(await (await get('/')).text(), 'Hello from Express\n')
      assert.deepEqual(await (await get('/visitor')).json(), { address: '127.0.0.1' })
      assert.equal((await get('/static/admin/css/base.css')).status, 200)
      assert.equal((await get('/nothing')).status, 404)

      const stranger = await get('/reports')
      assert.equal(stranger.headers.get('location'), '/admin/login/?next=%2Freports')
      const form = await get('/admin/login/')
      const [token] = /csrftoken=[^;]+/.exec(form.headers.getSetCookie().join())
      const login = await fetch(`${url}/admin/login/?next=/reports`, {
        method: 'POST',
        redirect: 'manual',
        headers: { cookie: token },
        body: new URLSearchParams({
          username: 'ada', password: 'secret', csrfmiddlewaretoken: token.split('=')[1]
        })
      })
      assert.equal(login.headers.get('location'), '/reports')
      const [session] = /sessionid=[^;]+/.exec(login.headers.getSetCookie().join())
      assert.equal(await (await get('/reports', session)).text(), 'Reports for ada\n')
    })
  }))

leakTest('examples/ray-serve: the same application in workers, and at an address', () =>
  withExample('ray-serve', [], async (folder) => {
    const check = async (url) => {
      const prediction = await (await fetch(`${url}/predict?text=hello`, { method: 'POST' })).json()
      assert.equal(prediction.label, 'short')
      const tokens = await (await fetch(`${url}/generate?prompt=hi&tokens=2`)).text()
      assert.equal(tokens, 'data: "hi 0"\n\ndata: "hi 1"\n\n')
    }
    await runExample(folder, 'server.js', async (url) => {
      await check(url)
      await runExample(folder, 'server.js', check, url)
    })
  }))
