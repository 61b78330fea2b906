// Load process (load-process.js) of hello that splits its CPU time by process, by thread, and into
// user mode and kernel. Options: those of the handler. A load is { inFlight, seconds }. Its result
// has latencies only with `latencies`, because each one needs two readings of the clock.
import { closedLoop } from '../loads/closed-loop.js'
import { answerLoads, loadOptions } from '../loads/load-process.js'
import { startHello } from './hello.js'
import { threads } from '../processes/processes.js'

const { pid, hello, load } = await startHello(loadOptions())

/** Runs the load for some seconds. The timer fires between two drains. */
async function forSeconds (inFlight, seconds) {
  let over = false
  setTimeout(() => { over = true }, seconds * 1000)
  const started = performance.now()
  const requests = await load(inFlight, () => !over)
  return { requests, seconds: (performance.now() - started) / 1000 }
}

/** The thread id of Node's main thread is its process id. */
const now = () => ({ node: threads(process.pid), worker: threads(pid) })

/**
 * Microseconds per request, in user mode and in the kernel. The scheduler knows the CPU time of a
 * thread to the nanosecond, but the kernel's share only in ticks.
 */
function costOf (before, after, requests) {
  const sum = { user: 0, kernel: 0 }
  for (const { tid, cpu, ticks, kernelTicks } of after) {
    const old = before.find(thread => thread.tid === tid) ?? { cpu: 0, ticks: 0, kernelTicks: 0 }
    const part = ticks > old.ticks ? (kernelTicks - old.kernelTicks) / (ticks - old.ticks) : 0
    const micros = (cpu - old.cpu) / 1000 / requests
    sum.kernel += micros * part
    sum.user += micros * (1 - part)
  }
  return sum
}

const total = ({ user, kernel }) => user + kernel

answerLoads(async ({ inFlight, seconds, latencies = false }) => {
  if (latencies) return closedLoop(hello, { inFlight, seconds })
  const before = now()
  const result = await forSeconds(inFlight, seconds)
  const after = now()
  const isMain = ({ tid }) => tid === process.pid
  const isOther = thread => !isMain(thread)
  const { requests } = result
  return {
    ...result,
    cpu: {
      node: costOf(before.node.filter(isMain), after.node.filter(isMain), requests),
      others: total(costOf(before.node.filter(isOther), after.node.filter(isOther), requests)),
      worker: costOf(before.worker, after.worker, requests)
    }
  }
})
