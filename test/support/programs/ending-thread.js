/**
 * A Node worker thread that does not close its handler. `workerData` has the handler's `options`,
 * the stage (`when`) at which the thread ends, and `how`.
 */

import { parentPort, workerData } from 'node:worker_threads'

import { PythonHandler } from '../../../addon/lib/index.js'

const { options, when, how } = workerData
const python = new PythonHandler({ ...options, appTarget: 'slow_app:app', workers: 2 })
python.ready.catch(() => {})
if (when !== 'starting') await python.ready
if (when === 'idle') await python.handleRequest({ url: '/?ms=0' })
if (when === 'busy') {
  for (let i = 0; i < 8; i++) python.handleRequest({ url: `/?ms=${20 * i}` }).catch(() => {})
}
if (how === 'throw') throw new Error('this thread ends with an error')
if (how === 'exit') process.exit(0)
if (how === 'terminate') {
  parentPort.postMessage('terminate')
  setInterval(() => {}, 1000)
}
