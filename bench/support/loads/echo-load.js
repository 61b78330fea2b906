// Load process (load-process.js) that sends a large body and reads the echo, with ordinary Node
// streams. Options: { bin, docroot, app } for node-asgi's handleStream, or { socketPath } for
// undici's request() to the server on that socket. A load is { bytes, times } and sends the bodies
// one after another. Its result has the CPU seconds of this process, and of Python for
// handleStream.
import { Readable } from 'node:stream'
import { PythonHandler } from 'node-asgi'
import { answerLoads, loadOptions } from './load-process.js'
import { npmRequire } from '../install/npm.js'
import { cpuClock, tree } from '../processes/processes.js'

const CHUNK = Buffer.alloc(64 * 1024, 'x')
const options = loadOptions()
const echo = options.socketPath === undefined ? await byHandler(options) : byUndici(options)

async function byHandler ({ bin, docroot, app }) {
  const handler = new PythonHandler(
    { docroot, appTarget: app, python: `${bin}/python`, workers: 1 })
  await handler.ready
  const request = { method: 'POST', url: '/echo', headers: { host: 'localhost' } }
  return body => handler.handleStream({ ...request, body })
}

function byUndici ({ socketPath }) {
  const { Pool } = npmRequire('undici')
  const pool = new Pool('http://localhost', { socketPath, pipelining: 1 })
  return async body => {
    const response = await pool.request({ method: 'POST', path: '/echo', body })
    return { status: response.statusCode, body: response.body }
  }
}

function source (bytes) {
  let left = bytes
  return new Readable({
    highWaterMark: CHUNK.length,
    read () {
      const chunk = CHUNK.subarray(0, left)
      left -= chunk.length
      this.push(chunk.length === 0 ? null : chunk)
    }
  })
}

answerLoads(async ({ bytes, times }) => {
  const cpuSince = cpuClock(tree(process.pid).slice(1))
  const started = performance.now()
  for (let i = 0; i < times; i++) {
    const { status, body } = await echo(source(bytes))
    let received = 0
    for await (const chunk of body) received += chunk.length
    if (status !== 200 || received !== bytes) {
      throw new Error(`the app answered ${status} with ${received} of ${bytes} bytes`)
    }
  }
  return { seconds: (performance.now() - started) / 1000, cpu: cpuSince() }
})
