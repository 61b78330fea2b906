// examples/nextjs in production. test/nextjs has it in development and as a standalone server.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'

import {
  checkOnePool, checkPage, checkRoutes, checkSocket, checkStreaming
} from '../nextjs/checks.js'
import { NextProject } from '../nextjs/project.js'
import { RAISING, checkFetchFramework } from '../support/fetch-framework.js'
import { skip } from './installed.js'

describe('examples/nextjs', { skip, timeout: 300_000 }, () => {
  /** @type {NextProject} */
  let project
  before(async () => {
    project = await NextProject.create()
    project.skipTypes()
  })
  after(() => project.remove())

  it('is built without a process of Python', async () => {
    const { code, output, python } = await project.run(['next', 'build'])
    assert.equal(code, 0, output)
    assert.equal(python, 0)
  })

  it('is served by `next start`, with one pool for route handlers, pages and actions', async () => {
    const server = await project.start(['next', 'start'])
    try {
      await checkRoutes(server)
      await checkPage(server)
      await checkStreaming(server)
      await checkOnePool(server)
    } finally {
      await server.stop()
    }
  })

  it('is served by server.mjs, with WebSockets', { timeout: 60_000 }, async () => {
    const server = await project.start(['server.mjs'], { env: { NODE_ENV: 'production' } })
    try {
      await checkSocket(server)
      await checkPage(server)
      await checkSocket(server)
      await checkRoutes(server)
      await checkOnePool(server)
    } finally {
      assert.equal(await server.stop(), 0)
    }
  })

  it('passes requests on as other frameworks do, with those of clients that leave', async () => {
    const main = readFileSync(new URL('../../examples/hono/main.py', import.meta.url), 'utf8')
    const before = project.read('main.py')
    project.write('main.py', main + RAISING)
    const server = await project.start(['next', 'start'])
    try {
      // Next.js answers a failure without a body.
      await checkFetchFramework(server.url, { client: '127.0.0.1', failure: /^$/ })
    } finally {
      await server.stop()
      project.write('main.py', before)
    }
  })
})
