// Load process (load-process.js) that reads event streams over HTTP/1.1. A load is { port, path,
// streams, interval, seconds, processes }: it opens the streams, and when all have begun it counts
// the events of some seconds, and the CPU time of the server's processes. Sockets are read without
// a parser of HTTP, so that the client takes little of the machine.
import { connect } from 'node:net'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuSeconds } from '../processes/processes.js'
import { latenciesOf } from './closed-loop.js'
import { answerLoads } from './load-process.js'

const EVENT = /data: (\d+)\n/g

/** Milliseconds for all streams to settle. */
const WARM_UP = 1000

async function open (port, path, onEvents) {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.setEncoding('latin1')
  socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
  let rest = ''
  socket.on('data', (text) => {
    const now = process.hrtime.bigint()
    text = rest + text
    const end = text.lastIndexOf('\n') + 1
    rest = text.slice(end)
    for (const [, due] of text.slice(0, end).matchAll(EVENT)) onEvents(Number(now - BigInt(due)))
  })
  socket.on('error', () => {})
  return socket
}

answerLoads(async ({ port, path, streams, interval, seconds, processes }) => {
  let lateness = null
  const onEvent = (nanoseconds) => lateness?.push(nanoseconds / 1e6)
  const count = interval > 0 ? Math.ceil((seconds + 30) * 1000 / interval) : 1e9
  const sockets = []
  try {
    for (let i = 0; i < streams; i++) {
      sockets.push(await open(port, `${path}?count=${count}&interval=${interval}`, onEvent))
    }
    await sleep(WARM_UP)
    const { node, python } = processes
    const before = { node: cpuSeconds(node), python: cpuSeconds(python) }
    lateness = []
    const started = performance.now()
    await sleep(seconds * 1000)
    const cpu = {
      node: cpuSeconds(node) - before.node, python: cpuSeconds(python) - before.python
    }
    const arrived = lateness
    lateness = null
    return { seconds: (performance.now() - started) / 1000, cpu, ...latenciesOf(arrived) }
  } finally {
    for (const socket of sockets) socket.destroy()
  }
})
