// Sends hello requests under callgrind; run by profile.js.
//
//   node trace.js OPTIONS
//
// OPTIONS is JSON: python, inFlight, warmUp and requests (numbers of requests). After the warm-up
// and after the requests that count, both processes call umask(). callgrind writes a profile before
// each call. Prints the process ids as JSON.
import { fileURLToPath } from 'node:url'
import { startHello } from './hello.js'

const { python, inFlight, warmUp, requests } = JSON.parse(process.argv[2])
/** Milliseconds that a slow run may take. */
const PATIENCE = 600_000

const { pid, hello, load, close } = await startHello({
  docroot: fileURLToPath(new URL('../../apps', import.meta.url)),
  appTarget: 'path_app:app',
  python,
  // Spinning would count as work.
  spin: 0,
  timeouts: { startup: PATIENCE, request: PATIENCE, hang: 0, shutdown: PATIENCE, kill: PATIENCE }
})

async function mark () {
  process.umask(0o022)
  await hello('/mark')
}

await load(inFlight, count => count < warmUp)
await mark()
await load(inFlight, count => count < requests)
await mark()
await close()
console.log(JSON.stringify({ node: process.pid, worker: pid }))
