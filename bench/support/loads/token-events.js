// Opens event streams, and measures their events: what the load processes of bench/tokens.js share.
import { setTimeout as sleep } from 'node:timers/promises'
import { watchMemory } from '../processes/memory.js'
import { cpuSeconds } from '../processes/processes.js'
import { latenciesOf } from './closed-loop.js'

const EVENT = /data: (\d+)\n/g

/** Milliseconds for all streams to settle once each has had an event. */
const WARM_UP = 1000

/** Seconds that all streams have to begin. On a busy machine the server may be far behind. */
const BEGIN = 45

/**
 * Streams that are opened at a time; the next ones follow when each of them has had an event. Node
 * lets 511 connections wait to be accepted, and the system drops those beyond.
 */
const AT_A_TIME = 250

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
 * @param {(path: string, onText: (text: string) => void, onEnd: (error?: Error) => void) =>
 *   Promise<() => void>} open opens a stream; resolves with a function that closes it
 */
export async function measureEvents ({ path, streams, interval, seconds, processes }, open) {
  let lateness = null
  let begun = 0
  const reader = () => {
    let isFirst = true
    return eventReader(nanoseconds => {
      if (isFirst) begun++
      isFirst = false
      lateness?.push(nanoseconds / 1e6)
    })
  }
  const count = interval > 0 ? Math.ceil((seconds + 2 * BEGIN) * 1000 / interval) : 1e9
  const closers = []
  let closing = false
  let ended = null
  const onEnd = error => {
    if (!closing) ended ??= error?.message ?? 'the server has ended it'
  }
  const latest = performance.now() + BEGIN * 1000
  const hasBegun = async opened => {
    const isOver = () => begun === opened || ended !== null || performance.now() > latest
    while (!isOver()) await sleep(10)
    if (begun === opened) return
    throw new Error(`${begun} of ${streams} streams have had an event ` +
      (ended === null ? `in ${BEGIN} s` : `when one ended: ${ended}`))
  }
  const { node, python } = processes
  const cpu = () => ({ node: cpuSeconds(node), python: cpuSeconds(python) })
  try {
    for (let opened = 0; opened < streams; opened = closers.length) {
      const some = await Promise.allSettled(
        Array.from({ length: Math.min(AT_A_TIME, streams - opened) }, () =>
          open(`${path}?count=${count}&interval=${interval}`, reader(), onEnd)))
      closers.push(...some.flatMap(({ value }) => value ?? []))
      const failed = some.find(({ status }) => status === 'rejected')
      if (failed !== undefined) throw failed.reason
      await hasBegun(closers.length)
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
    if (ended !== null) throw new Error(`a stream has ended too early: ${ended}`)
    if (arrived.length === 0) throw new Error(`no event has arrived in ${seconds} s`)
    return {
      seconds: (performance.now() - started) / 1000,
      cpu: { node: after.node - before.node, python: after.python - before.python },
      growth: memory.stop(),
      ...latenciesOf(arrived)
    }
  } finally {
    closing = true
    for (const close of closers) close()
  }
}
