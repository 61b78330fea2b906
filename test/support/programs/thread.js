/** A Node worker thread with its own handler. */

import { parentPort, workerData } from 'node:worker_threads'

import { PythonHandler } from '../../../addon/lib/index.js'

const python = new PythonHandler({ docroot: workerData.docroot, workers: 1 })
const { status } = await python.handleRequest({ url: '/' })
if (!workerData.stay) await python.close()
parentPort.postMessage({ status })
if (workerData.stay) setInterval(() => {}, 1000)
