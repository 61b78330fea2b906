/** The task of piscina-pool.js: a request to a handler that its thread keeps and never closes. */

import { workerData } from 'node:worker_threads'

import { PythonHandler } from '../../../addon/lib/index.js'

// piscina puts what its user has given behind data of its own.
const python = new PythonHandler(Array.isArray(workerData) ? workerData[1] : workerData)

export default async function task () {
  return (await python.handleRequest({ url: '/' })).status
}
