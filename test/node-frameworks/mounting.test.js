/** Where frameworks mount `python.listener`, and what the application sees of that. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, watch, writeFileSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import express from 'express'
import WebSocket from 'ws'

import { ask } from '../support/kinds.js'
import { openSocket } from '../support/websocket.js'
import { load, withFrameworks } from './installed.js'
import { checkBody, checkMount, checkSocket, upgradeBelow } from './mounted.js'
import { PLATFORMS, createNest } from './nest-app.js'

// Node keeps the descriptor of its first watcher, which is not a leak of a test.
watch(tmpdir()).close()

const app = { appTarget: 'kinds_app:app' }

/** Runs an application of Nest until `run` has checked it. */
async function serveNest (nest, run) {
  await nest.listen(0, '127.0.0.1')
  try {
    await run(nest.getHttpServer().address().port)
  } finally {
    await nest.close()
  }
}

for (const platform of Object.keys(PLATFORMS)) {
  withFrameworks(`${platform}: app.use('/mnt', python.listener)`, app, async (python) => {
    const nest = await createNest(platform)
    nest.use('/mnt', python.listener)
    await serveNest(nest, async (port) => {
      await checkMount(python, port)
      await checkBody(port)
      assert.equal((await ask(port, '/elsewhere')).status, 404)
    })
  })

  withFrameworks(`${platform}: python.attach(app.getHttpServer(), { prefix })`, app,
    async (python) => {
      const nest = await createNest(platform, {}, {
        controller: (req, res) => (res.raw ?? res).end('Nest')
      })
      await nest.init()
      python.attach(nest.getHttpServer(), { prefix: '/mnt' })
      await serveNest(nest, async (port) => {
        await checkMount(python, port)
        await checkBody(port)
        await checkSocket(port)
        assert.equal((await ask(port, '/elsewhere')).text, 'Nest')
      })
    })

  withFrameworks(`${platform}: middleware of a module`, app, async (python) => {
    const nest = await createNest(platform, {}, {
      // It is below a wildcard, of which @fastify/middie tells nothing.
      middleware: platform === 'Nest on Fastify'
        ? (req, res) => python.listener(req, res, { prefix: '/mnt' })
        : python.listener,
      from: 'mnt/{*path}'
    })
    await serveNest(nest, (port) => checkMount(python, port))
  })

  withFrameworks(`${platform}: setGlobalPrefix() and a controller`, app, async (python) => {
    const nest = await createNest(platform, {}, {
      controller: (req, res) =>
        python.listener(req.raw ?? req, res.raw ?? res, { prefix: '/mnt' })
    })
    nest.setGlobalPrefix('mnt')
    await serveNest(nest, (port) => checkMount(python, port))
  })
}

/** Ways of having Python in a development server. Each returns Vite and the HTTP server. */
const VITE_SERVERS = {
  'a plugin': async (createServer, options, python) => {
    const vite = await createServer({
      ...options,
      plugins: [{
        name: 'python',
        configureServer (server) {
          server.middlewares.use('/mnt', python.listener)
          server.httpServer.on('upgrade', upgradeBelow(python))
        }
      }]
    })
    await vite.listen()
    return [vite, vite.httpServer]
  },
  'python.attach': async (createServer, options, python) => {
    const vite = await createServer(options)
    python.attach(vite.httpServer, { prefix: '/mnt' })
    await vite.listen()
    return [vite, vite.httpServer]
  },
  'middleware mode in Express': async (createServer, options, python) => {
    const server = http.createServer()
    const vite = await createServer({
      ...options, appType: 'spa', server: { middlewareMode: true, hmr: { server } }
    })
    const outer = express()
    outer.use('/mnt', python.listener)
    outer.use(vite.middlewares)
    server.on('request', outer)
    server.on('upgrade', upgradeBelow(python))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    return [vite, server]
  },
  "middleware mode, python in Vite's own middlewares": async (createServer, options, python) => {
    const vite = await createServer({
      ...options, appType: 'spa', server: { middlewareMode: true, ws: false }
    })
    // Before the fallback to index.html, which rewrites urls.
    vite.middlewares.stack.unshift({ route: '/mnt', handle: python.listener })
    const server = http.createServer(vite.middlewares)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    return [vite, server]
  }
}

for (const [name, make] of Object.entries(VITE_SERVERS)) {
  withFrameworks(`Vite: ${name}`, app, async (python) => {
    const { createServer } = await load('vite')
    const root = mkdtempSync(join(tmpdir(), 'vite-'))
    writeFileSync(join(root, 'index.html'), '<script type="module" src="/main.js"></script>')
    writeFileSync(join(root, 'main.js'), 'console.log(1)')
    const options = {
      configFile: false,
      root,
      logLevel: 'silent',
      optimizeDeps: { noDiscovery: true },
      server: { host: '127.0.0.1', port: 0 }
    }
    const [vite, server] = await make(createServer, options, python)
    try {
      const { port } = server.address()
      assert.match((await ask(port, '/')).text, /main\.js/)
      await checkMount(python, port)
      await checkBody(port)
      assert.match((await ask(port, '/main.js')).text, /console\.log/)
      if (name !== "middleware mode, python in Vite's own middlewares") {
        // Python must leave the WebSocket of Vite alone.
        const token = vite.config.webSocketToken
        const hmr = await openSocket(`ws://127.0.0.1:${port}/?token=${token}`, ['vite-hmr'])
        while (hmr.received.length < 1) await once(hmr, 'message')
        assert.deepEqual(JSON.parse(hmr.received[0]), { type: 'connected' })
        await checkSocket(port)
        assert.equal(hmr.readyState, WebSocket.OPEN)
        hmr.terminate()
      }
    } finally {
      server.closeAllConnections()
      await vite.close()
      server.close()
      rmSync(root, { recursive: true })
    }
  })
}
