// A load of handleRequest in a process of its own, for bench/hello.js. Its options come as one JSON
// argument: { library, docroot, app, python, seconds, inFlight }. Prints requests, seconds and CPU
// seconds of all processes as JSON; the first half second does not count.
import { readFileSync } from 'node:fs'

const { library, docroot, app, python, seconds, inFlight } = JSON.parse(process.argv[2])

/** Both have the same names: that is what makes changing from one to the other easy. */
const { Python, Request } = await import(library)
const handler = new Python({ docroot, appTarget: app, ...python && { python, workers: 1 } })
await handler.ready
const request = new Request({
  method: 'GET', url: 'http://localhost/', headers: { host: 'localhost', accept: '*/*' }
})

/** CPU seconds of this process and of its workers. */
function cpu () {
  const { user, system } = process.cpuUsage()
  let sum = (user + system) / 1e6
  for (const { pid } of handler.stats?.().workers ?? []) {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
    sum += (Number(fields[11]) + Number(fields[12])) / 100 // proc(5): ticks of 10 ms
  }
  return sum
}

async function load (duration) {
  const end = performance.now() + duration * 1000
  let count = 0
  async function client () {
    while (performance.now() < end) {
      const response = await handler.handleRequest(request)
      if (response.status !== 200) throw new Error(`the app answered ${response.status}`)
      count++
    }
  }
  await Promise.all(Array.from({ length: inFlight }, client))
  return count
}

await load(0.5)
const started = performance.now()
const before = cpu()
const requests = await load(seconds)
const result = { requests, seconds: (performance.now() - started) / 1000, cpu: cpu() - before }
process.stdout.write(JSON.stringify(result) + '\n', () => process.exit())
