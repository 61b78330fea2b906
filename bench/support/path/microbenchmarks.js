// Measures parts of a request's path alone: frames through the rings, and wake-ups.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

const HOT_LOOPS = fileURLToPath(new URL('../../../build/release/test/hot_loops', import.meta.url))
const WAKE_UP = fileURLToPath(new URL('wakeup.py', import.meta.url))

/** Both ends of each loop run in one process, awake. The turns take about 0.2 s per loop. */
const LOOPS = [
  { loop: 'request', name: 'request with 8 headers: check, pack, send, parse', turns: 400_000 },
  { loop: 'response', name: 'response with 28 bytes: pack, send, parse', turns: 2_000_000 },
  { loop: 'body', name: '64 KiB of a body: copy into the ring, send', turns: 100_000 },
  { loop: 'message', name: 'WebSocket message of 64 bytes', turns: 2_000_000 },
  { loop: 'turn', name: 'wake up without work, sleep again', turns: 1_000_000 }
]
/** Turns of a short run, whose time is subtracted for the start and end of the program. */
const FEW = 1000

function seconds (loop, turns) {
  const started = performance.now()
  execFileSync(HOT_LOOPS, [loop, String(turns)])
  return (performance.now() - started) / 1000
}

/**
 * @param {{ runs: number, part: number }} options part: the share of the turns to run, 0 to 1
 * @returns {Array<{ name: string, nanos: number[] }> | null} nanoseconds of each run; null: the
 *   program has not been built
 */
export function hotLoops ({ runs, part }) {
  if (!existsSync(HOT_LOOPS)) return null
  return LOOPS.map(({ loop, name, turns }) => ({
    name,
    nanos: Array.from({ length: runs }, () =>
      (seconds(loop, turns * part) - seconds(loop, FEW)) / (turns * part - FEW) * 1e9)
  }))
}

/**
 * @param {{ python: string, runs: number, turns: number }} options
 * @returns {{ same: WakeUps, other: WakeUps | null }} both processes on one core; on two cores
 * @typedef {{ [what: string]: number[] }} WakeUps microseconds of each run: see wakeup.py
 */
export function wakeUps ({ python, runs, turns }) {
  const measure = (where) => {
    const results = Array.from({ length: runs }, () => JSON.parse(
      execFileSync(python, [WAKE_UP, String(turns), where], { encoding: 'utf8' })))
    return Object.fromEntries(
      Object.keys(results[0]).map(key => [key, results.map(result => result[key])]))
  }
  return { same: measure('same'), other: availableParallelism() > 1 ? measure('other') : null }
}
