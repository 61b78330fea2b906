// Loads in processes of their own, which stay for all rounds: their code is compiled, and what they
// load (a handler with its workers) is up.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** Seconds beyond its own that a load may take. */
const GRACE = 60

/**
 * The side of the process that measures.
 * @param {string} script beside this file, or relative to it; it calls answerLoads() below
 * @param {object} options its argument, as JSON
 * @param {object} [env]
 */
export async function startLoadProcess (script, options, env = {}) {
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), [JSON.stringify(options)],
    { env: { ...process.env, ...env } })
  /** Who waits for the next message. */
  let waiting = null
  const settle = (error, answer) => {
    clearTimeout(waiting?.timer)
    if (error === null) waiting?.resolve(answer)
    else waiting?.reject(error)
    waiting = null
  }
  const next = seconds => new Promise((resolve, reject) => {
    const timer = setTimeout(() => settle(new Error(`${script} does not answer`)), (seconds + GRACE) * 1000)
    waiting = { resolve, reject, timer }
  })
  child.on('message', ({ error, ...answer }) => settle(error ? new Error(error) : null, answer))
  child.on('exit', (code, signal) => settle(new Error(`${script} ended with ${code ?? signal}`)))
  process.once('exit', () => child.kill('SIGKILL'))
  await next(0)
  return {
    /** Runs one load; what it takes and gives is the script's affair. */
    measure (load) {
      child.send(load)
      return next(load.seconds ?? 0)
    },
    async stop () {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.disconnect()
      await gone
    }
  }
}

/** The argument of the process that loads. */
export const loadOptions = () => JSON.parse(process.argv[2])

/** Answers each load that comes; when the other side hangs up, it ends. */
export function answerLoads (measure) {
  process.on('message', load => measure(load).then(
    result => process.send(result),
    error => process.send({ error: error.message })))
  process.on('disconnect', () => process.exit())
  process.send({ ready: true })
}
