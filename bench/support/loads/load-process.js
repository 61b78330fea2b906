// Loads that run in their own processes. A process stays for all rounds, so that its code is
// compiled and what it needs (such as a handler with its workers) is up.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** Seconds that a load may take beyond its planned duration. */
const GRACE = 60

/** None may outlive the benchmark. */
const running = new Set()
process.on('exit', () => { for (const child of running) child.kill('SIGKILL') })

/**
 * Starts a process for loads; called by the benchmark.
 * @param {string} script path relative to this folder; the script calls answerLoads()
 * @param {object} options passed to the script as one JSON argument
 * @param {object} [env]
 * @param {string[]} [wrapper] a program that starts another one, with its arguments
 */
export async function startLoadProcess (script, options, env = {}, wrapper = []) {
  const [execPath, ...execArgv] = [...wrapper, process.execPath]
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), [JSON.stringify(options)],
    { execPath, execArgv, env: { ...process.env, ...env } })
  /** The promise that waits for the next message. */
  let waiting = null
  const settle = (error, answer) => {
    clearTimeout(waiting?.timer)
    if (error === null) waiting?.resolve(answer)
    else waiting?.reject(error)
    waiting = null
  }
  const next = seconds => new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => settle(new Error(`${script} has not answered in ${seconds + GRACE} s`)),
      (seconds + GRACE) * 1000)
    waiting = { resolve, reject, timer }
  })
  child.on('message', ({ error, ...answer }) => settle(error ? new Error(error) : null, answer))
  child.on('exit', (code, signal) =>
    settle(new Error(`${script} ended with ${signal ?? `exit code ${code}`}`)))
  running.add(child)
  child.once('exit', () => running.delete(child))
  await next(0)
  return {
    /** Runs one load; the script documents its parameters and its result. */
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

/** The options of this process; called by the script. */
export const loadOptions = () => JSON.parse(process.argv[2])

/** Runs each load that the benchmark sends; exits when the benchmark disconnects. */
export function answerLoads (measure) {
  process.on('message', load => measure(load).then(
    result => process.send(result),
    error => process.send({ error: error.message })))
  process.on('disconnect', () => process.exit())
  process.send({ ready: true })
}
