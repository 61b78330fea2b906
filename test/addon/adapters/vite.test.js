// The plugin for Vite, with the real Vite. test/node-frameworks has it with other versions.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, watch } from 'node:fs'
import { createServer } from 'node:http'

import Express from 'express'
import * as vite from 'vite'

import pythonPlugin from '../../../addon/lib/adapters/vite.js'
import { childProcesses, eventually, leakTest, startPython } from '../../support/harness.js'
import { ViteProject, addressOf, openPage } from '../../support/vite-project.js'
import { openSocket, refusedSocket } from '../../support/websocket.js'

/** Node keeps a descriptor from the first file that is watched. */
watch('.').close()

/** Longer than Python takes to start on a loaded machine. */
const SOON = 20_000

function withProject (name, run) {
  leakTest(name, async (t) => {
    const project = new ViteProject(vite)
    /** @type {any[]} */
    const servers = []
    project.serve = async (...args) => {
      servers.push(await project.start(...args))
      return servers.at(-1)
    }
    try {
      await run(project, t)
    } finally {
      await Promise.all(servers.map((server) => server.close()))
      project.remove()
    }
  }, 60_000)
}

const text = async (url, init) => (await fetch(url, init)).text()

withProject('requests below the prefix go to Python, and others to Vite', async (project) => {
  const url = addressOf(await project.serve())
  assert.equal(await text(`${url}/api/version`), '"first"')
  assert.match(await text(`${url}/api/docs`), /\/api\/openapi\.json/)
  assert.equal((await fetch(`${url}/api/nothing`)).status, 404)
  assert.match(await text(`${url}/`), /page of Vite[^]*|@vite\/client/)
  assert.match(await text(`${url}/main.js`), /ready/)
  assert.match(await text(`${url}/apix`, { headers: { accept: 'text/html' } }), /page of Vite/)
})

withProject('a WebSocket below the prefix goes to Python, next to those of Vite',
  async (project) => {
    const server = await project.serve({ prefix: '/python' })
    const page = await openPage(server)
    await eventually(() => assert.equal(page.received[0].type, 'connected'))
    const url = addressOf(server).replace('http', 'ws')
    const client = await openSocket(`${url}/python/chat`)
    client.send('hello')
    await eventually(() => assert.deepEqual(client.received, ['/python', 'hello']))
    client.close()
    await client.closed
    page.close()
  })

withProject('hosts that Vite does not allow get neither responses nor WebSockets',
  async (project) => {
    const url = addressOf(await project.serve())
    assert.equal(await text(`${url}/api/version`), '"first"')
    const { status } = await refusedSocket(`${url.replace('http', 'ws')}/api/chat`,
      { headers: { host: 'evil.example' } })
    assert.equal(status, 403)
  })

withProject('a change reloads Python and then the pages', async (project) => {
  const server = await project.serve()
  const url = addressOf(server)
  assert.equal(await text(`${url}/api/version`), '"first"')
  const page = await openPage(server)
  project.write('main.py', readFileSync(`${project.folder}/main.py`, 'utf8')
    .replace('"first"', '"second"'))
  await eventually(() => assert(page.received.some(({ type }) => type === 'full-reload')), SOON)
  assert.equal(await text(`${url}/api/version`), '"second"')
  assert(project.lines.some((line) => /main\.py changed: reloading/.test(line)))
  page.close()
})

withProject('an application that cannot be imported shows its traceback until it can',
  async (project) => {
    const working = readFileSync(`${project.folder}/main.py`, 'utf8')
    project.write('main.py', 'import nonsense_module\n')
    const server = await project.serve()
    const early = await openPage(server)
    await eventually(() => assert.equal(early.errors().length, 1), SOON)
    const late = await openPage(server)
    await eventually(() => assert.equal(late.errors().length, 1))
    for (const { err } of [...early.errors(), ...late.errors()]) {
      assert.equal(err.plugin, 'node-asgi')
      assert.match(err.message, /nonsense_module/)
      assert.match(err.stack, /^Traceback[^]*import nonsense_module/)
      assert.equal(err.message.includes('Traceback'), false)
      assert.deepEqual(err.loc, { file: `${project.folder}/main.py`, line: 1, column: 1 })
    }
    assert(project.lines.some((line) => /waiting for file changes/.test(line)))
    project.write('main.py', working)
    await eventually(() => assert(early.received.some(({ type }) => type === 'full-reload')), SOON)
    assert.equal(await text(`${addressOf(server)}/api/version`), '"first"')
    const next = await openPage(server)
    await eventually(() => assert.equal(next.received.length, 1))
    assert.deepEqual(next.errors(), [])
    for (const page of [early, late, next]) page.close()
  })

withProject('an exception that FastAPI answers with 500 shows its traceback', async (project) => {
  const server = await project.serve()
  const page = await openPage(server)
  const { status } = await fetch(`${addressOf(server)}/api/raise`)
  assert.equal(status, 500)
  await eventually(() => assert.equal(page.errors().length, 1))
  const [{ err }] = page.errors()
  assert.equal(err.message, 'ValueError: a mistake in the route')
  assert.match(err.stack, /^Traceback[^]*in raises\n[^]*ValueError: a mistake in the route$/)
  assert.equal(err.loc.file, `${project.folder}/main.py`)
  assert.equal(err.loc.line, 12)
  assert(project.lines.some((line) => line.includes('a mistake in the route')))
  page.close()
})

withProject('an exception that nobody answers shows its traceback', async (project) => {
  project.write('main.py', 'async def app(scope, receive, send):\n    raise KeyError("bare")\n')
  const server = await project.serve({ python: { ...project.python, lifespan: 'off' } })
  const page = await openPage(server)
  assert.equal((await fetch(`${addressOf(server)}/api`)).status, 500)
  await eventually(() => assert.equal(page.errors().length, 1))
  const [{ err }] = page.errors()
  assert.match(err.message, /the application raised KeyError/)
  assert.equal(err.loc.line, 2)
  page.close()
})

withProject('a server that restarts leaves one pool, and none when it closes', async (project) => {
  const server = await project.serve()
  for (let i = 0; i < 3; i++) {
    assert.equal(await text(`${addressOf(server)}/api/version`), '"first"')
    await server.restart()
  }
  assert.equal(await text(`${addressOf(server)}/api/version`), '"first"')
  // One fork server.
  await eventually(() => assert.equal(childProcesses().length, 1), SOON)
  await server.close()
  assert.deepEqual(childProcesses(), [])
})

withProject('a handler of the user is left open', async (project) => {
  const python = startPython(project.python)
  const server = await project.serve({ python, refresh: false })
  const page = await openPage(server)
  assert.equal((await fetch(`${addressOf(server)}/api/raise`)).status, 500)
  await eventually(() => assert.equal(page.errors().length, 1))
  await server.close()
  assert.equal((await python.handleRequest({ url: '/version' })).json(), 'first')
  for (const event of ['app:error', 'log:error', 'reload']) {
    assert.equal(python.listenerCount(event), 0)
  }
  await python.close()
})

withProject('refresh: false reloads Python, and no page', async (project) => {
  const server = await project.serve({ refresh: false })
  const url = addressOf(server)
  const page = await openPage(server)
  assert.equal(await text(`${url}/api/version`), '"first"')
  project.write('main.py', readFileSync(`${project.folder}/main.py`, 'utf8')
    .replace('"first"', '"second"'))
  await eventually(async () => assert.equal(await text(`${url}/api/version`), '"second"'), SOON)
  assert.deepEqual(page.received.map(({ type }) => type), ['connected'])
  page.close()
})

withProject('Vite as middleware: the first request starts Python', async (project) => {
  const middle = await vite.createServer(
    project.config({}, { server: { middlewareMode: true, ws: false } }))
  const app = new Express()
  app.use(middle.middlewares)
  const server = createServer(app)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    assert.match(await text(`${addressOf(server)}/`), /page of Vite/)
    assert.deepEqual(childProcesses(), [])
    assert.equal(await text(`${addressOf(server)}/api/version`), '"first"')
    const client = await openSocket(`${addressOf(server).replace('http', 'ws')}/api/chat`)
    client.close()
    await client.closed
  } finally {
    await middle.close()
    server.closeAllConnections()
    server.close()
  }
  assert.deepEqual(childProcesses(), [])
})

withProject('preview serves both, and ends Python', async (project) => {
  const config = project.config()
  await vite.build({ ...config, logLevel: 'silent' })
  assert.deepEqual(childProcesses(), [], 'a build starts no Python')
  const server = await vite.preview(config)
  try {
    assert.match(await text(`${addressOf(server)}/`), /page of Vite/)
    assert.equal(await text(`${addressOf(server)}/api/version`), '"first"')
    const client = await openSocket(`${addressOf(server).replace('http', 'ws')}/api/chat`)
    client.close()
    await client.closed
  } finally {
    await server.close()
  }
})

withProject('an interpreter that is missing is logged, and found later', async (project) => {
  const server = await project.serve({ python: { ...project.python, python: '/nowhere/python3' } })
  await eventually(() => assert(project.lines.some((line) => line.includes('/nowhere/python3'))))
  assert.equal((await fetch(`${addressOf(server)}/api/version`)).status, 500)
})

leakTest('mistakes in the options', async () => {
  for (const wrong of [{ prefx: '/api' }, { prefix: '/' }, { prefix: 'api' }, { python: 'main' },
    { watch: false }, { refresh: 1 }, { app: 'main:app' }, { scope: 7 }]) {
    assert.throws(() => pythonPlugin(wrong), { code: 'ERR_INVALID_OPTION' }, JSON.stringify(wrong))
  }
  // Not with a server of Vite, which does not close what it has opened when a plugin throws.
  const { configureServer } = pythonPlugin({ python: { workerz: 1 } })
  await assert.rejects(configureServer({ config: {} }), { code: 'ERR_INVALID_OPTION' })
})

leakTest('the package exports the plugin', async () => {
  assert.equal((await import('node-asgi/vite')).default, pythonPlugin)
})
