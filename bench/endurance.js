// Does memory grow over ten million requests?
//
//   node bench/endurance.js [--requests 10000000] [--in-flight 64] [--quick]
//
// One worker receives a mix of requests: hello, an echo of 1 KiB, a path that is not found and,
// once in 10,000, an error in the application. The first twentieth of the requests is warm-up. The
// median memory of the last tenth of the samples is compared with that of the first tenth. Draws a
// chart.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { PythonHandler } from 'node-asgi'
import { processUsage } from '../addon/lib/worker/process-usage.js'
import { lines } from './support/report/line-charts.js'
import { competitors, versions } from './support/install/competitors.js'
import { pss } from './support/processes/memory.js'
import { median, progress, save, table, targetTable } from './support/report/report.js'

const MIB = 2 ** 20
const WARM_UP = 1 / 20
const ERRORS = 10_000
/** How many memory samples to take. */
const SAMPLES = 400
/** MiB. Node's figure fluctuates, because the size of V8's heap depends on its last collections. */
const GROWTH = { node: 4, worker: 1 }

const { values } = parseArgs({
  options: {
    requests: { type: 'string' },
    'in-flight': { type: 'string', default: '64' },
    quick: { type: 'boolean', default: false }
  }
})
const total = Number(values.requests ?? (values.quick ? 400_000 : 10_000_000))
const inFlight = Number(values['in-flight'])

const BODY = Buffer.alloc(1024, 'abcdefghijklmnopqrstuvwxyz')
const headers = { host: 'localhost', accept: '*/*' }
/** The requests, sent in turn, and the expected responses. */
const MIX = [
  {
    request: { method: 'GET', url: '/', headers },
    status: 200,
    body: Buffer.from('Hello, world!')
  },
  { request: { method: 'POST', url: '/echo', headers, body: BODY }, status: 200, body: BODY },
  {
    request: { method: 'GET', url: '/nothing', headers },
    status: 404,
    body: Buffer.from('Not Found')
  }
]

async function send (handler, number) {
  if (number % ERRORS === 0) return sendFailing(handler)
  const { request, status, body } = MIX[number % MIX.length]
  const response = await handler.handleRequest(request)
  if (response.status !== status || !response.body.equals(body)) {
    throw new Error(`${request.url} answered ${response.status} ${response.body}`)
  }
}

async function sendFailing (handler) {
  const error = await handler.handleRequest({ url: '/error', headers })
    .then(() => null, error => error)
  if (error?.code !== 'ERR_APP' || !error.message.includes('a deliberate error')) {
    throw new Error('the error of the application was not reported', { cause: error })
  }
}

const handler = new PythonHandler({
  docroot: fileURLToPath(new URL('apps', import.meta.url)),
  appTarget: 'endurance_app:app',
  python: `${await competitors()}/python`,
  workers: 1,
  logger: false
})
const samples = []
let pid
let seconds
try {
  await handler.ready
  pid = handler.stats().workers[0].pid
  const begun = performance.now()
  let sent = 0
  let sampled = -1
  function sample () {
    const step = Math.floor(sent / total * SAMPLES)
    if (step === sampled) return
    sampled = step
    samples.push({
      requests: sent,
      nodeRss: process.memoryUsage.rss(),
      nodePss: pss(process.pid),
      nodeHeap: process.memoryUsage().heapUsed,
      workerRss: processUsage(pid).memory,
      workerPss: pss(pid)
    })
    if (step % Math.max(1, SAMPLES / 40) > 0 || sent === 0) return
    const left = (performance.now() - begun) / sent * (total - sent) / 1000
    const millions = (sent / 1e6).toFixed(2)
    progress(`${millions} of ${total / 1e6} million requests, ${Math.ceil(left)} s left`)
  }
  async function client () {
    while (sent < total) {
      const number = sent++
      await send(handler, number)
      sample()
    }
  }
  await Promise.all(Array.from({ length: inFlight }, client))
  seconds = (performance.now() - begun) / 1000
  sample()
  const { answered, failed, requests, workers } = handler.stats()
  if (requests !== total || answered + failed !== total || failed !== Math.ceil(total / ERRORS) ||
    workers[0].pid !== pid) {
    throw new Error(`the handler's counts do not match the ${total} requests sent: ` +
      JSON.stringify({ requests, answered, failed }))
  }
} finally {
  await handler.close()
}
progress('')

const warm = samples.filter(({ requests }) => requests >= total * WARM_UP)
const tenth = Math.ceil(warm.length / 10)
const SERIES = {
  nodeRss: 'Node, resident',
  nodePss: 'Node, PSS',
  workerRss: 'worker, resident',
  workerPss: 'worker, PSS'
}
const grew = Object.entries(SERIES).map(([key, name]) => {
  const of = list => median(list.map(sample => sample[key])) / MIB
  const first = of(warm.slice(0, tenth))
  const last = of(warm.slice(-tenth))
  const peak = Math.max(...warm.map(one => one[key])) / MIB
  return { key, name, first, last, growth: last - first, peak }
})
// PSS has no target: it also changes when an unrelated Node or Python process starts or ends.
const targets = Object.entries(GROWTH).map(([side, atMost]) => {
  const { name, growth } = grew.find(({ key }) => key === `${side}Rss`)
  return { what: `growth: ${name}`, value: growth, atMost, unit: 'MiB' }
})
const text = `${table(['', 'first tenth MiB', 'last tenth MiB', 'growth MiB', 'peak MiB'],
  grew.map(({ name, first, last, growth, peak }) =>
    [name, ...[first, last, growth, peak].map(value => value.toFixed(2))]))}

${total / 1e6} million requests in ${seconds.toFixed(0)} s (${Math.round(total / seconds)}/s); all
responses were as expected. Each figure is the median of ${tenth} samples, after a warm-up of one
twentieth of the requests.`
const drawn = {
  nodeRss: SERIES.nodeRss,
  nodeHeap: 'Node, JavaScript heap',
  workerRss: SERIES.workerRss
}
const picture = lines({
  title: `Memory over ${total / 1e6} million requests`,
  subtitle: `one worker, ${inFlight} in flight: hello, echo of 1 KiB, not found, errors`,
  x: 'million requests',
  y: 'MiB',
  series: Object.entries(drawn).map(([key, name]) => ({
    name,
    points: samples.map(one => [one.requests / 1e6, Number((one[key] / MIB).toFixed(2))])
  }))
})
console.log(`${text}\n\n${targetTable(targets)}\n`)
console.log(await save('endurance', {
  requests: total, seconds, inFlight, versions: await versions(['uvloop']), grew, samples, targets
}, { text, pictures: { memory: picture } }))
