// Interleaved rounds: each round measures every case once, so that noise on the machine affects all
// cases alike, and cases to compare are measured within seconds of each other. Every other round
// goes through the cases backwards, so that no case is always measured right after the same one.
import { progress } from './report.js'

/**
 * @template {{ rounds: object[], failed?: string }} Case
 * @param {object} options
 * @param {number} options.rounds
 * @param {Case[]} options.cases each gets its results in `rounds`; when one fails, its `failed` is
 *   the message and it is not measured again
 * @param {(one: Case) => string} options.nameOf
 * @param {(one: Case) => Promise<object>} options.measure
 * @param {(one: Case) => boolean} [options.mayFail] whether a failure ends only this case; by
 *   default it ends the benchmark
 */
export async function interleave ({ rounds, cases, nameOf, measure, mayFail = () => false }) {
  const all = rounds * cases.length
  const started = performance.now()
  let done = 0
  for (let round = 1; round <= rounds; round++) {
    for (const one of round % 2 === 1 ? cases : cases.toReversed()) {
      const left = timeLeft(started, done, all)
      progress(`${done + 1}/${all}, round ${round}/${rounds}${left}: ${nameOf(one)}`)
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
