/**
 * Draws docs/images/dashboard.png: five minutes of a shop (test/browser/shop) with traffic that
 * goes up and down, an exception now and then, a crash, a reload, a worker that is replaced, and
 * requests that wait for a supplier. Needs Chromium, and the Python of the tests.
 *
 *   node scripts/dashboard-picture.js [seconds] [folder]
 *
 * With a folder, it also draws the page in the dark, on a phone, and the stack of a request there.
 */

import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { PythonHandler } from '../addon/lib/index.js'
import { startBrowser } from '../test/support/browser.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const seconds = Number(process.argv[2] ?? 300)
const folder = process.argv[3]

/** Milliseconds between two bursts of requests. */
const TURN = 50

// The page shows the path.
const docroot = mkdtempSync(join(tmpdir(), 'shop-'))
cpSync(join(root, 'test/browser/shop'), docroot, { recursive: true })

// Its start would be seen in the latencies.
const { page, close } = await startBrowser()

const python = new PythonHandler({
  docroot, workers: 4, python: join(root, '.venv/bin/python3'), logger: false
})
const server = createServer(python.dashboard)
await once(server.listen(0, '127.0.0.1'), 'listening')
await python.ready

const ask = (url, method = 'GET') => python.handleRequest({ url, method }).catch(() => {})
const random = (below) => Math.floor(Math.random() * below)

/** The routes, with the part of the requests that each gets. */
const visitors = [
  [0.42, () => ask(`/items/${random(10_000)}`)],
  [0.25, () => ask(`/items?page=${random(9)}`)],
  [0.18, () => ask('/search?q=chair')],
  [0.122, () => ask('/orders', 'POST')],
  [0.003, () => ask('/orders?fail=true', 'POST')],
  [0.02, () => ask(`/reports/2026/${1 + random(12)}`)],
  [0.005, () => ask(`/wp-login-${random(1e6)}`)]
]

function visit () {
  let part = Math.random()
  for (const [share, request] of visitors) {
    part -= share
    if (part < 0) return request()
  }
}

const began = performance.now()
const passed = () => (performance.now() - began) / 1000 / seconds

let owed = 0
const traffic = setInterval(() => {
  const rate = 55 + 30 * Math.sin(passed() * 9) + random(12)
  for (owed += rate * TURN / 1000; owed >= 1; owed--) visit()
}, TURN)

const story = [
  [0.25, () => python.handleRequest({ url: '/crash', idempotent: false }).catch(() => {})],
  [0.5, () => python.reload()],
  [0.7, () => post(`recycle?worker=${python.stats().workers[0].id}`)],
  [0.9, () => ask('/exports/november.csv')],
  [0.94, () => ask('/exports/orders-2026.csv')]
]
const address = `http://127.0.0.1:${server.address().port}/`
const post = (action) =>
  fetch(address + action, { method: 'POST', headers: { 'x-node-asgi-dashboard': '1' } })

for (const [when, event] of story) {
  await sleep(Math.max(0, (when - passed()) * seconds * 1000))
  event()
}
await sleep(Math.max(0, (1 - passed()) * seconds * 1000))

try {
  const look = async (file, how, whole) => {
    await page.look(how)
    await sleep(2500)
    await page.screenshot(file, whole)
  }
  await page.look({ width: 1280, height: 1000 })
  await page.goto(address)
  await page.until('document.querySelector("#running button") !== null')
  await look(join(root, 'docs/images/dashboard.png'), { width: 1280, height: 1090 }, false)
  if (folder !== undefined) {
    await look(join(folder, 'wide.png'), { width: 1280 })
    await look(join(folder, 'dark.png'), { width: 1280, dark: true })
    await look(join(folder, 'phone.png'), { width: 390, height: 844 })
    await page.evaluate('document.querySelector("#failures details").open = true')
    await page.evaluate('document.querySelector("#running button").click()')
    await look(join(folder, 'phone-stack.png'), { width: 390, height: 844 }, false)
    await look(join(folder, 'stack.png'), { width: 1280, height: 800 }, false)
  }
} finally {
  await close()
  clearInterval(traffic)
  server.closeAllConnections()
  server.close()
  await python.close({ timeout: 500 })
  rmSync(docroot, { recursive: true })
}
