/**
 * Sends requests to an application that changes shared memory while Node reads it (scribbling_app),
 * for a number of milliseconds. Prints how many requests had which outcome, as JSON.
 */

import { startPython } from '../harness.js'

const [milliseconds] = process.argv.slice(2).map(Number)
const python = startPython({
  appTarget: 'scribbling_app:app',
  lifespan: 'off',
  requestRing: 256 * 1024,
  responseRing: 256 * 1024,
  retry: 0
})
const outcomes = {}
const kinds = [
  () => python.handleRequest({ url: '/error' }),
  () => python.handleRequest({ url: '/' }),
  async () => {
    const socket = await python.connect('/')
    for await (const message of socket) if (message === '') break
  }
]
const end = performance.now() + milliseconds

async function load (_, i) {
  while (performance.now() < end) {
    let outcome = 'answered'
    try {
      await kinds[i % kinds.length]()
    } catch (error) {
      outcome = error.code ?? error.stack
    }
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  }
}

await python.ready
await Promise.all(Array.from({ length: 12 }, load))
await python.close({ timeout: 0 })
console.log(JSON.stringify(outcomes))
