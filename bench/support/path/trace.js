// Serves hello under callgrind, for path/profile.js:
//
//   node path/trace.js OPTIONS
//
// OPTIONS is JSON: python, inFlight, warmUp and requests (how many). After the warm-up, and after the
// requests that count, both processes call umask(), before which callgrind writes what it has counted
// since the last time. Prints the ids of the processes as JSON.
import { fileURLToPath } from 'node:url'
import { startHello } from './hello.js'

const { python, inFlight, warmUp, requests } = JSON.parse(process.argv[2])
/** What a slow run may take, in milliseconds. */
const PATIENCE = 600_000

const { pid, hello, load, close } = await startHello({
  docroot: fileURLToPath(new URL('../../apps', import.meta.url)),
  appTarget: 'path_app:app',
  python,
  // Looking for work would be counted as work.
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
