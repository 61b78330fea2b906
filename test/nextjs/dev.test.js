// `next dev`, and a server of one's own in development: edits of TypeScript and of Python.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, describe, it } from 'node:test'

import WebSocket from 'ws'

import { eventually } from '../support/harness.js'
import { checkOnePool, checkPage, checkRoutes, checkSocket, checkStreaming } from './checks.js'
import { NextProject, skip } from './project.js'

/** Milliseconds until Next.js has compiled something, or Python has been reloaded. */
const SOON = 60_000

const SERVERS = {
  'next dev': { command: ['next', 'dev', '-H', '127.0.0.1'] },
  'server.mjs': { command: ['server.mjs'], hasSockets: true }
}

describe('examples/nextjs in development', { skip, timeout: 600_000 }, () => {
  for (const [name, { command, hasSockets = false }] of Object.entries(SERVERS)) {
    describe(name, () => {
      /** @type {NextProject} */
      let project
      let server
      before(async () => {
        project = await NextProject.create()
        server = await project.start(command)
      })
      after(async () => {
        await server.stop()
        project.remove()
      })

      it('serves pages, actions and route handlers with one pool', async () => {
        await checkRoutes(server)
        await checkPage(server)
        await checkStreaming(server)
        await checkOnePool(server)
      })

      it('keeps the socket for hot reload next to those of Python', { skip: !hasSockets },
        async () => {
          const url = server.url.replace('http', 'ws')
          const hot = new WebSocket(`${url}/_next/hmr?id=test`)
          await once(hot, 'message')
          await checkSocket(server)
          hot.close()
        })

      it('an edit of a page, a route or the handler leaks no pool', async () => {
        const edits = {
          'app/page.tsx': ['<h1>Shop</h1>', '<h1>Changed</h1>'],
          'app/api/[...path]/route.ts': ['FastAPI serves', 'Now FastAPI serves'],
          'lib/python.mjs': ['The FastAPI application', 'This application']
        }
        for (const [file, [from, to]] of Object.entries(edits)) {
          const before = project.read(file)
          assert(before.includes(from), file)
          project.write(file, before.replace(from, to))
          await eventually(async () => assert.match(await server.text('/'), /Changed/), SOON)
          await server.text('/api/items')
        }
        await checkOnePool(server)
      })

      it('a change of a Python file reloads Python', async () => {
        const main = project.read('main.py')
        project.write('main.py', main.replace('teapot', 'samovar'))
        await eventually(async () => assert.match(await server.text('/'), /samovar/), SOON)
        assert.match(await server.text('/api/items'), /samovar/)
        project.write('main.py', 'import nothing_of_that_name')
        await eventually(() => assert.match(server.output, /nothing_of_that_name/), SOON)
        assert.match(await server.text('/'), /samovar/)
        project.write('main.py', main)
        await eventually(async () => assert.match(await server.text('/'), /teapot/), SOON)
        await checkOnePool(server)
      })

      // A change of the options needs a restart of server.mjs, which nobody evaluates again.
      it('another option closes the old pool', { skip: hasSockets }, async () => {
        project.write('lib/python.mjs',
          project.read('lib/python.mjs').replace('workers: 1', 'workers: 2'))
        await eventually(async () => {
          await server.text('/')
          await server.text('/api/items')
          assert.equal(server.pythons, 3)
        }, SOON)
      })
    })
  }
})
