/**
 * Serves app.py over HTTP in a process of its own, with one worker. Prints the port and the numbers
 * of both processes as JSON, and ends with its input.
 */

import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'

import { PythonHandler } from '../../addon/lib/index.js'
import { VENV_PYTHON } from '../support/harness.js'

const python = new PythonHandler({
  docroot: fileURLToPath(new URL('.', import.meta.url)),
  appTarget: 'app:app',
  python: VENV_PYTHON,
  workers: 1,
  loop: 'asyncio',
  // Whether spinning saves a call depends on chance.
  spin: 0,
  timeouts: { hang: 0 },
  logger: false
})
await python.ready
const server = createServer()
python.attach(server)
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
const [{ pid }] = python.stats().workers
console.log(JSON.stringify({ port, node: process.pid, worker: pid }))

process.stdin.on('end', async () => {
  server.close()
  server.closeAllConnections()
  await python.close({ timeout: 0 })
  process.exit()
}).resume()
