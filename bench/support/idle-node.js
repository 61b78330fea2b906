// A Node process with a handler and nothing to do, for bench/idle.js; without workers it is the
// control. Its options come as one JSON argument: { workers, requests, … }. It tells its parent the
// processes when it has served, and ends when its parent says so.
import { once } from 'node:events'
import { PythonHandler } from 'node-asgi'
import { parentOf } from './proc.js'

const { requests, ...options } = JSON.parse(process.argv[2])
const python = options.workers === 0 ? null : new PythonHandler({ ...options, logger: false })
const pids = { node: [process.pid], server: [], workers: [] }
if (python !== null) {
  await python.ready
  for (let i = 0; i < requests; i++) {
    // One in flight for each goes to each: the pool takes the worker with the fewest.
    const answers = await Promise.all(Array.from({ length: options.workers }, () =>
      python.handleRequest({ url: '/' })))
    for (const { status, body } of answers) {
      if (status !== 200 || body.toString() !== '{"hello":"world"}') {
        throw new Error(`the app answered ${status} ${body}`)
      }
    }
  }
  const { workers } = python.stats()
  if (workers.some((worker) => worker.requests < requests)) throw new Error('a worker had none')
  pids.workers = workers.map(({ pid }) => pid)
  pids.server = [parentOf(pids.workers[0])]
}
process.send(pids)
await once(process, 'message')
if (python !== null) {
  const { workers, exits } = python.stats()
  if (workers.map(({ pid }) => pid).join() !== pids.workers.join()) {
    throw new Error(`workers were replaced: ${JSON.stringify(exits)}`)
  }
  await python.close()
}
process.disconnect()
