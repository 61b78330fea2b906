// How well `node-asgi capacity` predicts: what it says of this machine, next to what is measured.
//
//   node bench/capacity.js [--rounds 3] [--seconds 8] [--quick]
//
// The command line serves an application that uses CPU time, exponentially distributed. First the
// costs of a request are measured with one worker that is half busy, as a user would. From them the
// model predicts how busy Node and the workers are, and how long requests wait, for other loads and
// numbers of workers. Requests arrive at random (a Poisson process), whether earlier ones have been
// answered or not.
//
// What processes are busy with is CPU time, which other programs on the machine hardly change. The
// wait is clock time, without the CPU time that the application uses. It can be as predicted only
// on an idle machine with a core for each process, so it has no target.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get as httpGet } from 'node:http'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { availableParallelism } from 'node:os'
import { measure } from '../addon/lib/cli/capacity/measure.js'
import { predict } from '../addon/lib/cli/capacity/model.js'
import { competitors, versions } from './support/install/competitors.js'
import { cpuSeconds, sides, tree } from './support/processes/processes.js'
import {
  median, percentile, plusMinus, progress, ratio, save, table, targetTable
} from './support/report/report.js'
import { interleave } from './support/report/rounds.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    quick: { type: 'boolean', default: false }
  }
})
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3))
const seconds = Number(values.seconds ?? (values.quick ? 3 : 8))

/** Milliseconds of CPU time that a request uses on average. */
const MEAN = 5

/**
 * How far a prediction of CPU time may be off. Node's cost depends more on how many requests arrive
 * at a time, and is a tenth of Python's here.
 */
const CLOSE = { node: 1.5, python: 1.15 }

const LOADS = [0.3, 0.5, 0.7]
const WORKERS = [1, 2]

const LIMITS = {
  utilization: 0.7, wait: Infinity, cores: availableParallelism(), concurrency: 1000
}

/** Costs come in blocks of as many, whose mean is always MEAN. */
const BLOCK = 32

const exponential = (mean, share = Math.random()) => -Math.log(1 - share) * mean

/** Costs in milliseconds, in a random order. */
function * randomCosts () {
  const block = Array.from({ length: BLOCK }, (_, i) => exponential(MEAN, (i + 0.5) / BLOCK))
  const scale = MEAN * BLOCK / block.reduce((sum, cost) => sum + cost)
  for (;;) {
    const left = block.map(cost => cost * scale)
    while (left.length > 0) yield left.splice(Math.floor(Math.random() * left.length), 1)[0]
  }
}

const agent = new Agent({ keepAlive: true })
const get = url => new Promise((resolve, reject) => {
  httpGet(url, { agent }, response => {
    let text = ''
    response.setEncoding('utf8').on('data', part => { text += part })
    response.on('error', reject).on('end', () => response.statusCode === 200
      ? resolve(text)
      : reject(new Error(`the server answered ${response.statusCode} ${text}`)))
  }).on('error', reject)
})

const servers = []
async function start (workers) {
  progress(`starting ${workers} worker(s)`)
  const path = name => fileURLToPath(new URL(`../${name}`, import.meta.url))
  const child = spawn(process.execPath, [
    path('addon/bin/node-asgi.js'), 'cpu_time_app:app', '--docroot', path('fixtures/apps'),
    '--python', `${await competitors()}/python`, '--workers', String(workers), '--spin', '0',
    '--port', '0', '--metrics', '/metrics'
  ], { stdio: ['ignore', 'pipe', 'inherit'] })
  servers.push(child)
  let output = ''
  for await (const text of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    output += text
    const url = /http:\S+\d/.exec(output)?.[0]
    if (url === undefined) continue
    child.stdout.resume()
    const pids = sides(tree(child.pid))
    // Warms the JIT, which takes longer for HTTP than for the application.
    await Promise.all(Array.from({ length: 16 }, async () => {
      for (let i = 0; i < 1000; i++) await get(`${url}/?us=10`)
    }))
    return { url, pids, workers }
  }
  throw new Error(`the server has ended: ${output}`)
}

/** Requests that arrive at random; returns the CPU seconds and the sorted times in milliseconds. */
async function arrive ({ url, pids }, rate, time) {
  const cpu = () => ({ node: cpuSeconds(pids.node), python: cpuSeconds(pids.python) })
  const before = cpu()
  const begin = performance.now()
  const waits = []
  const requests = []
  const costs = randomCosts()
  let next = begin
  for (;;) {
    next += exponential(1000 / rate)
    if (next > begin + time * 1000) break
    const wait = next - performance.now()
    if (wait > 0) await new Promise(resolve => setTimeout(resolve, wait))
    const cost = costs.next().value
    const started = performance.now()
    requests.push(get(`${url}/?us=${Math.round(cost * 1000)}`).then(() => {
      waits.push(performance.now() - started - cost)
    }))
  }
  await Promise.all(requests)
  const elapsed = (performance.now() - begin) / 1000
  const after = cpu()
  return {
    rate: waits.length / elapsed,
    node: (after.node - before.node) / elapsed,
    python: (after.python - before.python) / elapsed,
    waits: waits.sort((a, b) => a - b)
  }
}

const cases = []
let costs
try {
  const crews = []
  for (const workers of WORKERS) crews.push(await start(workers))
  progress('measuring the costs')
  const [{ costs: measured }] = await Promise.all([
    measure(`${crews[0].url}/metrics`, seconds * 1000),
    arrive(crews[0], 500 / MEAN, seconds + 1)
  ])
  costs = measured
  for (const crew of crews) {
    for (const load of LOADS) {
      const rate = load * crew.workers * 1e6 / costs.python
      cases.push({ crew, load, rate, rounds: [] })
    }
  }
  await interleave({
    rounds,
    cases,
    nameOf: ({ crew, load }) => `${crew.workers} worker(s), ${load * 100} %`,
    measure: ({ crew, rate }) => arrive(crew, rate, seconds)
  })
} finally {
  agent.destroy()
  for (const server of servers) {
    if (server.exitCode !== null) continue
    const ended = once(server, 'exit')
    server.kill('SIGTERM')
    await ended
  }
}

// Chance decides how many requests arrive in a round, so the prediction is for that number.
const predicted = ({ crew, rounds }) => rounds.map(({ rate }) =>
  predict(rate, costs, LIMITS, { nodes: 1, workers: crew.workers }))
const busy = (one, side) => one.rounds.map(round => round[side] / (side === 'node'
  ? 1
  : one.crew.workers))
const off = (one, side) => {
  const value = ratio(busy(one, side), predicted(one).map(plan => plan[side].busy))
  return Math.max(value, 1 / value)
}
const percent = shares => `${(median(shares) * 100).toFixed(1)} %`
const ms = times => `${median(times).toFixed(1)} ms`
const targets = ['node', 'python'].map(side => ({
  what: `how far the prediction of the CPU time of ${side === 'node' ? 'Node' : 'Python'} is off`,
  value: Math.max(...cases.map(one => off(one, side))),
  atMost: CLOSE[side],
  unit: '×'
}))
const [nodeCost, pythonCost] = [costs.node, costs.python].map(cost => `${Math.round(cost)} µs`)
const text = `Costs, measured once with one worker that is half busy: ${nodeCost} of CPU time in
Node, ${pythonCost} in Python.

${table(['workers', 'requests/s', '±', 'Node busy: predicted', 'measured',
    'workers busy: predicted', 'measured', 'wait of 99 %: predicted', 'measured'],
  cases.map(one => {
    const plans = predicted(one)
    const rates = one.rounds.map(({ rate }) => rate)
    return [one.crew.workers, Math.round(median(rates)), plusMinus(rates),
      percent(plans.map(({ node }) => node.busy)), percent(busy(one, 'node')),
      percent(plans.map(({ python }) => python.busy)), percent(busy(one, 'python')),
      ms(plans.map(({ wait }) => wait)),
      ms(one.rounds.map(({ waits }) => percentile(waits, 0.99)))]
  }))}

Medians of ${rounds} rounds of ${seconds} s. The measured wait contains everything but the CPU
time that the application itself uses: also the network, and waiting for cores that others use. With
more requests at a time, Node needs less CPU time for each, which the model does not know.`
console.log(`${text}\n\n${targetTable(targets)}\n`)
console.log(await save('capacity', {
  rounds,
  seconds,
  versions: await versions(['uvloop']),
  costs,
  cases: cases.map(({ crew, ...one }) => ({ workers: crew.workers, ...one })),
  targets
}, { text }))
