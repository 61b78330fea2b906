// Load process (load-process.js): Node with an idle handler or, with `workers: 0`, without a
// handler as control. Options: those of the handler, and `requests`, the number that each worker
// serves first. A load returns the process ids, and throws if a worker was replaced.
import { PythonHandler } from 'node-asgi'
import { answerLoads, loadOptions } from './load-process.js'
import { parentOf } from '../processes/processes.js'
import { exerciseWorkers } from './exercise-workers.js'

const { requests, ...options } = loadOptions()
const handler = options.workers === 0 ? null : new PythonHandler({ ...options, logger: false })
const pidsOf = () => handler?.stats().workers.map(({ pid }) => pid) ?? []
await handler?.ready
const workers = pidsOf()
if (handler !== null) await exerciseWorkers(handler, requests)

answerLoads(async () => {
  if (pidsOf().join() !== workers.join()) {
    throw new Error(`workers were replaced: ${JSON.stringify(handler.stats().exits)}`)
  }
  return { node: [process.pid], server: workers.slice(0, 1).map(parentOf), workers }
})
