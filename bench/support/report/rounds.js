// Interleaved rounds: in each of them everything is measured once, so that a noisy minute hits each
// alike, and what is compared is measured within seconds.
import { progress } from './report.js'

/**
 * @template {{ rounds: object[], failed?: string }} Case
 * @param {object} options
 * @param {number} options.rounds
 * @param {Case[]} options.cases each gets its results in `rounds`; one that failed has the message in
 *   `failed`, and is not tried again
 * @param {(one: Case) => string} options.nameOf
 * @param {(one: Case) => Promise<object>} options.measure
 * @param {(one: Case) => boolean} [options.mayFail] default: none may
 */
export async function interleave ({ rounds, cases, nameOf, measure, mayFail = () => false }) {
  const all = rounds * cases.length
  const started = performance.now()
  let done = 0
  for (let round = 1; round <= rounds; round++) {
    for (const one of cases) {
      progress(`${done + 1}/${all}, round ${round}/${rounds}${timeLeft(started, done, all)}: ${nameOf(one)}`)
      done++
      if (one.failed !== undefined) continue
      try {
        one.rounds.push(await measure(one))
      } catch (error) {
        const message = `${nameOf(one)}: ${error.message}`
        if (!mayFail(one)) throw new Error(message, { cause: error })
        one.failed = error.message
        process.stderr.write(`\nFAILED ${message}\n`)
      }
    }
  }
  progress('')
}

function timeLeft (started, done, all) {
  if (done === 0) return ''
  const seconds = (performance.now() - started) / 1000 / done * (all - done)
  return seconds < 90 ? `, ${Math.ceil(seconds)} s left` : `, ${Math.ceil(seconds / 60)} min left`
}
