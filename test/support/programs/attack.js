/**
 * Serves attack_app.py with the options in its first argument, and prints the answers to the
 * requests in the second one as JSON. In a path, {node}, {server} and {workers} stand for `pid=`
 * and the pids of these processes.
 */

import { once } from 'node:events'
import { createServer } from 'node:http'

import { PythonHandler } from '../../../addon/lib/index.js'

const [options, paths] = process.argv.slice(2).map((text) => JSON.parse(text))
const python = new PythonHandler({ workers: 2, ...options })
await python.ready
const server = createServer(python.listener).listen(0, '127.0.0.1')
await once(server, 'listening')
const { pid, server: forkServer } = await ask('/facts')
const workers = python.stats().workers.map(({ pid }) => pid)
const names = { node: [process.pid], server: [forkServer], workers, self: [pid] }
const answers = []
for (const path of paths) answers.push(await ask(path))
server.close()
await python.close()
console.log(JSON.stringify(answers))

/** The parsed answer, or the status if the answer is not JSON. */
async function ask (path) {
  const named = path.replace(/\{(\w+)\}/g, (_, name) =>
    names[name].map((pid) => `pid=${pid}`).join('&'))
  const url = `http://127.0.0.1:${server.address().port}${named}`
  const response = await fetch(url, { headers: { connection: 'close' } })
  const text = await response.text()
  return response.headers.get('content-type') === 'application/json'
    ? JSON.parse(text)
    : response.status
}
