// The plugin for Vite in earlier versions of Vite. test/addon/adapters has it in the current one.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { childProcesses, eventually } from '../support/harness.js'
import { isPython } from '../support/processes.js'
import { ViteProject, addressOf, openPage } from '../support/vite-project.js'
import { openSocket } from '../support/websocket.js'
import { skip } from './installed.js'

const SOON = 20_000

/** Fork servers. Vite 6 and 7 have another process, of esbuild. */
const pools = () => childProcesses().filter(isPython).length

/** Checks that requests and WebSockets reach Python. */
async function checkPython (server) {
  const url = addressOf(server)
  assert.equal(await (await fetch(`${url}/api/version`)).text(), '"first"')
  assert.match(await (await fetch(`${url}/`)).text(), /page of Vite/)
  const client = await openSocket(`${url.replace('http', 'ws')}/api/chat`)
  client.close()
  await client.closed
}

for (const name of skip === false ? ['vite-6', 'vite-7'] : []) {
  const vite = await import(name)
  const title = `Vite ${vite.version}: reloads, tracebacks, restarts and preview`
  test(title, { timeout: 90_000 }, async () => {
    const project = new ViteProject(vite)
    try {
      const server = await project.start()
      await checkPython(server)
      const page = await openPage(server)
      await fetch(`${addressOf(server)}/api/raise`)
      await eventually(() => assert.match(page.errors()[0].err.message, /a mistake in the route/))
      project.write('main.py', 'import nothing_of_that_name')
      await eventually(() => assert.match(page.errors()[1].err.stack, /nothing_of_that/), SOON)
      project.restore()
      await eventually(() => assert(page.received.some(({ type }) => type === 'full-reload')), SOON)
      page.close()
      await server.restart()
      await checkPython(server)
      await eventually(() => assert.equal(pools(), 1), SOON)
      await server.close()
      assert.equal(pools(), 0)

      await vite.build({ ...project.config(), logLevel: 'silent' })
      const preview = await vite.preview(project.config())
      await checkPython(preview)
      await preview.close()
      await eventually(() => assert.equal(pools(), 0), SOON)
    } finally {
      project.remove()
    }
  })
}
