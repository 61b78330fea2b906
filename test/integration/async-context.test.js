import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import { Readable } from 'node:stream'

import compression from 'compression'

import { eventually, withPython, withServer } from '../support/harness.js'

const app = { appTarget: 'kinds_app:app' }

withPython('AsyncLocalStorage was lost in writeHead, finish and close', app, async (python) => {
  const storage = new AsyncLocalStorage()
  const seen = []
  const note = (what) => seen.push(`${storage.getStore()} ${what}`)
  const listener = (req, res) => storage.run(req.url, () => {
    const { write, end, writeHead } = res
    if (req.url !== '/large') {
      res.writeHead = (...args) => {
        note('writeHead')
        return writeHead.apply(res, args)
      }
      res.write = (...args) => {
        note('write')
        return write.apply(res, args)
      }
      res.end = (...args) => {
        note('end')
        return end.apply(res, args)
      }
    }
    res.on('finish', () => note('finish'))
    res.on('close', () => note('close'))
    python.listener(req, res)
  })
  await withServer(listener, async (base) => {
    const paths = ['/small', '/large', '/pieces', '/error', '/file', '/304']
    await Promise.all(paths.map(async (path) => {
      const [response] = await once(http.get(base + path), 'response')
      response.resume()
      await once(response, 'end')
      await eventually(() => assert.ok(seen.includes(`${path} close`), `${path}: ${seen}`))
      assert.ok(seen.includes(`${path} finish`), `${path}: ${seen}`)
      if (path !== '/large') assert.ok(seen.includes(`${path} end`), `${path}: ${seen}`)
    }))
    assert.deepEqual(seen.filter((each) => each.startsWith('undefined')), [])
    assert.ok(seen.includes('/pieces write'))
  })
})

withPython('AsyncLocalStorage was lost behind compression()', app, async (python) => {
  const storage = new AsyncLocalStorage()
  const seen = []
  const compress = compression({
    threshold: 0,
    filter: () => {
      seen.push(storage.getStore())
      return true
    }
  })
  const listener = (req, res) => storage.run(req.url, () =>
    compress(req, res, () => python.listener(req, res)))
  await withServer(listener, async (base) => {
    for (const path of ['/small', '/pieces']) {
      const request = http.get(base + path, { headers: { 'accept-encoding': 'gzip' } })
      const [response] = await once(request, 'response')
      response.resume()
      await once(response, 'end')
    }
  })
  assert.deepEqual(seen, ['/small', '/pieces'])
})

withPython('AsyncLocalStorage was lost in early hints and pushes',
  { appTarget: 'extensions_app:app' }, async (python) => {
    const storage = new AsyncLocalStorage()
    const seen = new Set()
    const listener = (req, res) => storage.run(req.url, () => {
      for (const name of ['writeEarlyHints', 'createPushResponse']) {
        const method = res[name]
        if (method === undefined) continue
        res[name] = (...args) => {
          seen.add(`${storage.getStore()} ${name}`)
          return method.apply(res, args)
        }
      }
      python.listener(req, res)
    })
    const server = http2.createServer(listener)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const client = http2.connect(`http://127.0.0.1:${server.address().port}`)
    for (const path of ['/early_hint', '/push']) {
      await once(client.request({ ':path': path }).resume(), 'close')
    }
    client.destroy()
    server.close()
    await withServer(listener, async (base) => {
      const [response] = await once(http.get(`${base}/early_hint`), 'response')
      response.resume()
      await once(response, 'end')
    })
    assert.deepEqual([...seen], ['/early_hint writeEarlyHints', '/push createPushResponse'])
  })

withPython('AsyncLocalStorage keeps its value behind a promise', app, async (python) => {
  const storage = new AsyncLocalStorage()
  const seen = []
  const note = () => seen.push(storage.getStore())
  await Promise.all(['one', 'two'].map((name) => storage.run(name, async () => {
    await python.handleRequest({ url: '/small' })
    note()
    await python.handleRequest({ url: '/pieces' }).then(note)
    await assert.rejects(python.handleRequest({ url: '/error' }).finally(note))
    note()
  })))
  assert.deepEqual(seen.sort(), [...Array(4).fill('one'), ...Array(4).fill('two')])
})

withPython('AsyncLocalStorage was lost in the body of a response', app, async (python) => {
  const storage = new AsyncLocalStorage()
  const seen = new Set()
  await storage.run('mine', async () => {
    const { body } = await python.handleStream({ url: '/pieces' })
    body.on('data', () => seen.add(`${storage.getStore()} data`))
    body.on('close', () => seen.add(`${storage.getStore()} close`))
    await once(body, 'end')
  })
  await eventually(() => assert.deepEqual([...seen], ['mine data', 'mine close']))
})

/** Request bodies that note where their parts run, each longer than the window. */
const bodies = {
  generator: (note) => (async function * () {
    try {
      for (let i = 0; i < 50; i++) {
        note()
        yield Buffer.alloc(20_000)
      }
    } finally {
      note()
    }
  })(),
  Readable: (note) => {
    let count = 0
    return new Readable({
      read () {
        note()
        this.push(count++ < 50 ? Buffer.alloc(20_000) : null)
      },
      destroy (error, done) {
        note()
        done(error)
      }
    })
  },
  ReadableStream: (note) => {
    let count = 0
    return new ReadableStream({
      pull (controller) {
        note()
        if (count++ < 50) controller.enqueue(Buffer.alloc(20_000))
        else controller.close()
      }
    })
  }
}

withPython('AsyncLocalStorage was lost in the body of a request',
  { appTarget: 'connections_app:app', concurrency: 1 }, async (python) => {
    const storage = new AsyncLocalStorage()
    const calls = {
      handleRequest: (body) => python.handleRequest({ url: '/echo', method: 'POST', body }),
      handleStream: async (body) => {
        const response = await python.handleStream({ url: '/echo', method: 'POST', body })
        response.body.resume()
        await once(response.body, 'close')
      },
      fetch: async (body) => {
        const response = await python.fetch('http://h/echo',
          { method: 'POST', body, duplex: 'half' })
        await response.arrayBuffer()
      },
      'handleRequest that times out': (body) => assert.rejects(
        python.handleRequest({ url: '/wait', method: 'POST', body }, { timeout: 100 }))
    }
    for (const [kind, create] of Object.entries(bodies)) {
      for (const [name, call] of Object.entries(calls)) {
        // The request waits for a place, and gets it from an event of the worker.
        const first = storage.run('other', () => python.handleRequest({ url: '/sleep/30' }))
        const seen = new Set()
        await storage.run('mine', () => call(create(() => seen.add(storage.getStore()))))
        await first
        await eventually(() => assert.equal(python.stats().inFlight, 0))
        assert.deepEqual([...seen], ['mine'], `${kind}, ${name}`)
      }
    }
  })

withPython('AsyncLocalStorage was lost in the listeners of a WebSocket',
  { appTarget: 'websocket_app:app' }, async (python) => {
    const storage = new AsyncLocalStorage()
    const seen = await storage.run('mine', async () => {
      const connection = await python.connect('/echo')
      const stores = []
      const closed = once(connection, 'close')
      connection.addEventListener('message', () => {
        stores.push(storage.getStore())
        connection.send('close')
      })
      connection.addEventListener('close', () => stores.push(storage.getStore()))
      connection.send('hello')
      await closed
      return stores
    })
    assert.deepEqual(seen, ['mine', 'mine'])
  })
