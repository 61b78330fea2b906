/**
 * Runs the hot loops through a worker, one exchange at a time, so that callgrind can count them in
 * both processes:
 *
 *   node serve.js WARM_UP FEWER MORE
 *
 * After WARM_UP exchanges of each kind, each loop runs FEWER and then MORE times. Before each of
 * these runs and after the last one, both processes call umask(), which nothing else does: with
 * --dump-before=umask, callgrind then writes a profile of what it has counted since the last time.
 *
 * Prints the process ids and the names of the loops, in their order, as JSON.
 */

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { PythonHandler } from '../../addon/lib/index.js'
import { VENV_PYTHON } from '../support/harness.js'

/**
 * Milliseconds after which both sides sleep, so that every exchange has to wake them. Otherwise it
 * would depend on chance.
 */
const SETTLE = 5

/** Milliseconds that a slow run may take. */
const PATIENCE = 100_000

const BROWSER = {
  host: 'localhost:8000',
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'accept-language': 'en-US,en;q=0.5',
  'accept-encoding': 'gzip, deflate, br, zstd',
  referer: 'http://localhost:8000/api/items',
  cookie: 'session=0123456789abcdef0123456789abcdef; theme=dark',
  connection: 'keep-alive'
}

const [warmUp, fewer, more] = process.argv.slice(2).map(Number)
const python = new PythonHandler({
  docroot: fileURLToPath(new URL('.', import.meta.url)),
  appTarget: 'app:app',
  python: VENV_PYTHON,
  workers: 1,
  loop: 'asyncio',
  spin: 0,
  timeouts: { startup: PATIENCE, request: PATIENCE, hang: 0, shutdown: PATIENCE, kill: PATIENCE }
})
await python.ready
const [{ pid }] = python.stats().workers
const socket = await python.connect({ url: 'http://localhost/socket' })
const messages = socket[Symbol.asyncIterator]()

const chunk = Buffer.alloc(65_536, 'x')
const text = 'x'.repeat(64)
const loops = { request, upload, download, message }

async function get (path, rest) {
  const response = await python.handleRequest(
    { url: `http://localhost${path}`, headers: BROWSER, ...rest })
  assert.equal(response.status, 200)
  return response.body.length
}

async function request () {
  assert.equal(await get('/api/items/42?page=2&sort=name'), 13)
}

async function upload () {
  assert.equal(await get('/', { method: 'POST', body: chunk }), 13)
}

async function download () {
  assert.equal(await get('/large'), chunk.length)
}

async function message () {
  socket.send(text)
  assert.equal((await messages.next()).value, text)
}

async function run (loop, count) {
  for (let i = 0; i < count; i++) {
    await loop()
    await sleep(SETTLE)
  }
}

async function mark () {
  process.umask(0o022)
  await run(() => get('/mark'), 1)
}

for (const loop of Object.values(loops)) await run(loop, warmUp)
for (const loop of Object.values(loops)) {
  for (const count of [fewer, more]) {
    await mark()
    await run(loop, count)
  }
}
await mark()
socket.close()
await python.close()
console.log(JSON.stringify({ addon: process.pid, worker: pid, loops: Object.keys(loops) }))
