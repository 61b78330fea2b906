// Memory use of a large body while one side of it is slow.
//
//   node bench/memory.js [--mib 1024] [--rate 32] [--quick]
//
// There is one worker. It first receives an upload that the application reads slowly (--rate,
// MiB/s), then sends a download that the client reads slowly. Meanwhile another client sends a
// small request to the same worker every 20 ms. --quick: 256 MiB.
//
// The first row is a control: as many bytes, read as slowly from one of Node's own file streams. V8
// lets about 32 MiB of short-lived buffers accumulate before it collects them, whatever creates
// them, so the target of a download is that growth or 32 MiB, whichever is more.
import { createReadStream } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { PythonHandler } from 'node-asgi'
import { sampleMemory } from './support/processes/memory.js'
import { repeat } from './support/loads/repeat.js'
import { percentile, progress, save, table, targetTable } from './support/report/report.js'

const MIB = 2 ** 20
const CHUNK = 64 * 1024
const LIMIT = { growth: 32, latency: 50 }

const { values } = parseArgs({
  options: {
    mib: { type: 'string' },
    rate: { type: 'string', default: '32' },
    quick: { type: 'boolean', default: false }
  }
})
const mib = Number(values.mib ?? (values.quick ? 256 : 1024))
const total = mib * MIB
const rate = Number(values.rate) * MIB

async function * body (bytes, onProgress) {
  const chunk = Buffer.alloc(CHUNK, 'x')
  for (let sent = 0; sent < bytes; sent += CHUNK) {
    yield sent + CHUNK <= bytes ? chunk : chunk.subarray(0, bytes - sent)
    onProgress(sent + CHUNK)
  }
}

async function upload (handler, bytes, onProgress) {
  const response = await handler.handleRequest({
    method: 'POST',
    url: `/upload?rate=${rate}`,
    headers: { host: 'localhost', 'content-length': String(bytes) },
    body: body(bytes, onProgress)
  })
  const received = Number(JSON.parse(response.body.toString()).bytes)
  if (received !== bytes) throw new Error(`the app received ${received} of ${bytes} bytes`)
}

async function download (handler, bytes, onProgress) {
  const response = await handler.handleStream(
    { method: 'GET', url: `/download?bytes=${bytes}`, headers: { host: 'localhost' } })
  await readSlowly(response.body, bytes, onProgress)
}

async function readFile (handler, bytes, onProgress) {
  await readSlowly(createReadStream('/dev/zero', { end: bytes - 1, highWaterMark: CHUNK }), bytes,
    onProgress)
}

async function readSlowly (body, bytes, onProgress) {
  const started = performance.now()
  let received = 0
  for await (const chunk of body) {
    received += chunk.length
    onProgress(received)
    const ahead = received / rate * 1000 - (performance.now() - started)
    if (ahead > 1) await sleep(ahead)
  }
  if (received !== bytes) throw new Error(`received ${received} of ${bytes} bytes`)
}

/** Sends small requests to the same worker. Returns what stops that and gives their sorted ms. */
function sendSmallRequests (handler) {
  const latencies = []
  const stop = repeat(async () => {
    const sent = performance.now()
    await handler.handleRequest({ method: 'GET', url: '/', headers: { host: 'localhost' } })
    latencies.push(performance.now() - sent)
    await sleep(20)
  })
  return async () => {
    await stop()
    return latencies.sort((a, b) => a - b)
  }
}

async function measure (name, transfer, handler) {
  const pids = handler.stats().workers.map(worker => worker.pid)
  const memory = sampleMemory(pids)
  const stopSmallRequests = sendSmallRequests(handler)
  const started = performance.now()
  let shown = 0
  await transfer(handler, total, done => {
    if (done - shown < total / 16) return
    shown = done
    progress(`${name}: ${Math.round(done / MIB)} of ${mib} MiB`)
  })
  const seconds = (performance.now() - started) / 1000
  const latencies = await stopSmallRequests()
  return {
    name, seconds, ...memory.stop(), p50: percentile(latencies, 0.5), max: latencies.at(-1)
  }
}

const handler = new PythonHandler({
  docroot: fileURLToPath(new URL('../fixtures/apps', import.meta.url)),
  appTarget: 'upload_app:app',
  workers: 1
})
const results = []
try {
  await handler.ready
  for (let i = 0; i < 1000; i++) await handler.handleRequest({ method: 'GET', url: '/' })
  // Lets the JIT compile and the buffers be allocated before the baseline is taken.
  await upload(handler, MIB, () => {})
  await download(handler, MIB, () => {})
  results.push(await measure('a file (control)', readFile, handler))
  results.push(await measure('upload', upload, handler))
  results.push(await measure('download', download, handler))
} finally {
  await handler.close()
}

progress('')
const [control, ...ours] = results
const targets = ours.flatMap(({ name, nodeGrowth, workerGrowth, max }) => [
  {
    what: `${name}: growth of Node`,
    value: nodeGrowth,
    atMost: Math.max(LIMIT.growth, control.nodeGrowth),
    unit: 'MiB'
  },
  { what: `${name}: growth of the worker`, value: workerGrowth, atMost: LIMIT.growth, unit: 'MiB' },
  { what: `${name}: slowest small request`, value: max, atMost: LIMIT.latency, unit: 'ms' }
])
const text = `${table(
  ['', 'MiB/s', 'Node growth MiB', 'worker growth MiB', 'small requests: p50 ms', 'max ms'],
  results.map(one => [one.name, (total / MIB / one.seconds).toFixed(0), one.nodeGrowth.toFixed(1),
    one.workerGrowth.toFixed(1), one.p50.toFixed(2), one.max.toFixed(1)]))}

${mib} MiB, read at ${values.rate} MiB/s: the client reads a download slowly, the application an
upload. Small requests go to the same worker at the same time.`
console.log(`${text}\n\n${targetTable(targets)}\n`)
console.log(await save('memory',
  { mib, rate: Number(values.rate), results, targets }, { text }))
