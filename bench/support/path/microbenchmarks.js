// The parts that a request's way is made of, each alone: frames through the rings, and the bells.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

const HOT_LOOPS = fileURLToPath(new URL('../../../build/release/test/hot_loops', import.meta.url))
const BELL = fileURLToPath(new URL('wakeup.py', import.meta.url))

/** Both ends of each are in one process, awake; how often, for some 0.2 s each. */
const LOOPS = [
  { loop: 'request', name: 'a request with 8 headers: checked, packed, there, parsed', turns: 400_000 },
  { loop: 'response', name: 'a response with 28 bytes: packed, back, parsed', turns: 2_000_000 },
  { loop: 'body', name: '64 KiB of a body: copied into the ring, there', turns: 100_000 },
  { loop: 'message', name: 'a WebSocket message of 64 bytes', turns: 2_000_000 },
  { loop: 'turn', name: 'awake for nothing, and asleep again', turns: 1_000_000 }
]
/** For start and end of the program. */
const FEW = 1000

function seconds (loop, turns) {
  const started = performance.now()
  execFileSync(HOT_LOOPS, [loop, String(turns)])
  return (performance.now() - started) / 1000
}

/**
 * @param {{ runs: number, part: number }} options part: of the turns, 0 to 1
 * @returns {Array<{ name: string, nanos: number[] }> | null} of each run; null: it has not been built
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
 * @returns {{ same: Bells, other: Bells | null }} both processes on one core, or each on one
 * @typedef {{ [what: string]: number[] }} Bells microseconds, of each run: see wakeup.py
 */
export function bells ({ python, runs, turns }) {
  const measure = (where) => {
    const results = Array.from({ length: runs },
      () => JSON.parse(execFileSync(python, [BELL, String(turns), where], { encoding: 'utf8' })))
    return Object.fromEntries(Object.keys(results[0]).map(key => [key, results.map(result => result[key])]))
  }
  return { same: measure('same'), other: availableParallelism() > 1 ? measure('other') : null }
}
