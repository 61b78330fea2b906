// Opens event streams, and measures their events: what the load processes of bench/tokens.js share.
import { setTimeout as sleep } from 'node:timers/promises'
import { watchMemory } from '../processes/memory.js'
import { cpuSeconds } from '../processes/processes.js'
import { latenciesOf } from './closed-loop.js'

const EVENT = /data: (\d+)\n/g

/** Milliseconds for all streams to settle. */
const WARM_UP = 1000

/** Streams that are opened at a time. */
const AT_A_TIME = 50

/**
 * Finds the events in the text of a stream.
 * @param {(nanoseconds: number) => void} onEvent gets how late each is
 * @returns {(text: string) => void} takes the next piece
 */
export function eventReader (onEvent) {
  let rest = ''
  return text => {
    const now = process.hrtime.bigint()
    text = rest + text
    const end = text.lastIndexOf('\n') + 1
    rest = text.slice(end)
    for (const [, due] of text.slice(0, end).matchAll(EVENT)) onEvent(Number(now - BigInt(due)))
  }
}

/**
 * Opens the streams, and when all have begun counts the events of some seconds.
 * @param {object} load
 * @param {string} load.path
 * @param {number} load.streams
 * @param {number} load.interval milliseconds between the events of a stream; 0: none
 * @param {number} load.seconds
 * @param {{ node: number[], python: number[] }} load.processes
 * @param {(path: string, onText: (text: string) => void) => Promise<() => void>} open opens a
 *   stream; resolves with a function that closes it
 */
export async function measureEvents ({ path, streams, interval, seconds, processes }, open) {
  let lateness = null
  const onEvent = nanoseconds => lateness?.push(nanoseconds / 1e6)
  const count = interval > 0 ? Math.ceil((seconds + 30) * 1000 / interval) : 1e9
  const closers = []
  const { node, python } = processes
  const cpu = () => ({ node: cpuSeconds(node), python: cpuSeconds(python) })
  try {
    for (let opened = 0; opened < streams; opened += AT_A_TIME) {
      const some = Array.from({ length: Math.min(AT_A_TIME, streams - opened) }, () =>
        open(`${path}?count=${count}&interval=${interval}`, eventReader(onEvent)))
      closers.push(...await Promise.all(some))
    }
    await sleep(WARM_UP)
    const memory = watchMemory([...node, ...python])
    const before = cpu()
    lateness = []
    const started = performance.now()
    await sleep(seconds * 1000)
    const after = cpu()
    const arrived = lateness
    lateness = null
    return {
      seconds: (performance.now() - started) / 1000,
      cpu: { node: after.node - before.node, python: after.python - before.python },
      growth: memory.stop(),
      ...latenciesOf(arrived)
    }
  } finally {
    for (const close of closers) close()
  }
}
