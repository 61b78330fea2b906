import assert from 'node:assert/strict'
import { readdirSync, readlinkSync } from 'node:fs'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { eventually, withPython, withServer } from '../support/harness.js'

const app = { appTarget: 'connections_app:app' }

const get = (path) => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`

function open (base) {
  return net.connect(Number(new URL(base).port), '127.0.0.1')
}

withPython('files of pipelined responses stayed open when the client had left', app,
  async (python) => {
    const openFiles = () => readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).endsWith('connections_app.py')
      } catch {
        return false
      }
    })
    await withServer(python.listener, async (base) => {
      const socket = open(base)
      socket.write(get('/wait') + get('/file').repeat(10))
      await eventually(() => assert.equal(python.stats().inFlight, 1))
      await eventually(() => assert.equal(openFiles().length, 10))
      socket.destroy()
      await eventually(() => assert.equal(openFiles().length, 0))
      await eventually(() => assert.equal(python.stats().inFlight, 0))
    })
  })

withPython('pipelining five requests on many connections blocked everybody else', app,
  async (python) => {
    await withServer(python.listener, async (base) => {
      const sockets = Array.from({ length: 300 }, () => open(base))
      for (const socket of sockets) socket.write(get('/wait').repeat(5))
      await eventually(() => assert.equal(python.stats().inFlight, 1000))
      for (const socket of sockets) socket.destroy()
      await eventually(() => assert.equal(python.stats().inFlight, 0))
      assert.equal(python.stats().queued, 0)
      assert.equal(await (await fetch(`${base}/quick`)).text(), '</quick>')
    })
  })

withPython('a client that leaves while its long pipeline is not read', app, async (python) => {
  await withServer(python.listener, async (base) => {
    const socket = open(base)
    socket.write(get('/wait').repeat(4000))
    await eventually(() => assert.equal(python.stats().inFlight, 17))
    await sleep(100)
    socket.destroy()
    await eventually(() => assert.equal(python.stats().inFlight, 0))
  })
})
