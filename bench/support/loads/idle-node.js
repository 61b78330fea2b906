// A Node process with a handler and nothing to do, for bench/support/loads/load-process.js; with `workers: 0` it is
// the control. Its options are those of the handler, and how many requests each worker serves first. A
// load only asks which processes there are, and that they are still the same.
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
