// How many requests per second does handleRequest answer, and how long does one take?
//
//   node bench/handle-request.js [--rounds 5] [--seconds 2] [--workers 1,2] [--in-flight 1,64,256]
//
// The app is a hello-world, so what is measured is the way to it and back. The rounds of all
// configurations are interleaved, so that a noisy minute hits each of them alike.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { PythonHandler } from 'node-asgi'
import { median, percentile, progress, save, spread, table } from './support/report.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    workers: { type: 'string', default: '1,2' },
    'in-flight': { type: 'string', default: '1,64,256' },
    app: { type: 'string', default: 'main:app' },
    docroot: {
      type: 'string',
      default: fileURLToPath(new URL('../fixtures/apps', import.meta.url))
    }
  }
})
const numbers = text => text.split(',').map(Number)
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)

/** Keeps `inFlight` requests under way for a time; returns the latencies in ms, sorted. */
async function load (handler, inFlight, duration) {
  const latencies = []
  const request = { method: 'GET', url: '/', headers: { host: 'localhost', accept: '*/*' } }
  const started = performance.now()
  const end = started + duration * 1000
  async function client () {
    for (let sent = performance.now(); sent < end;) {
      const response = await handler.handleRequest(request)
      if (response.status !== 200) throw new Error(`the app answered ${response.status}`)
      const now = performance.now()
      latencies.push(now - sent)
      sent = now
    }
  }
  await Promise.all(Array.from({ length: inFlight }, client))
  const elapsed = (performance.now() - started) / 1000
  return { elapsed, latencies: Float64Array.from(latencies).sort() }
}

const handlers = new Map()
const cases = []
try {
  for (const workers of numbers(values.workers)) {
    progress(`starting ${workers} worker(s)`)
    const handler = new PythonHandler({ docroot: values.docroot, appTarget: values.app, workers })
    handlers.set(workers, handler)
    await handler.ready
    await load(handler, 64, Math.min(seconds, 1)) // warms the JIT on both sides
    for (const inFlight of numbers(values['in-flight'])) {
      cases.push({ workers, inFlight, rps: [], p50: [], p99: [] })
    }
  }
  for (let round = 1; round <= rounds; round++) {
    for (const one of cases) {
      const { elapsed, latencies } = await load(handlers.get(one.workers), one.inFlight, seconds)
      one.rps.push(latencies.length / elapsed)
      one.p50.push(percentile(latencies, 0.5))
      one.p99.push(percentile(latencies, 0.99))
      progress(`round ${round}/${rounds}: ${one.workers} worker(s), ${one.inFlight} in flight: ` +
        `${Math.round(one.rps.at(-1))} requests/s`)
    }
  }
} finally {
  await Promise.all([...handlers.values()].map(handler => handler.close()))
}

progress('')
const percent = values => `±${(spread(values) * 100).toFixed(0)}%`
const micros = values => (median(values) * 1000).toFixed(1)
console.log(table(
  ['workers', 'in flight', 'requests/s', '', 'p50 µs', '', 'p99 µs', ''],
  cases.map(one => [one.workers, one.inFlight,
    Math.round(median(one.rps)), percent(one.rps),
    micros(one.p50), percent(one.p50), micros(one.p99), percent(one.p99)])))
console.log(`medians of ${rounds} rounds of ${seconds} s; ± is half the range of the rounds`)
console.log(await save('handle-request', { rounds, seconds, cases }))
