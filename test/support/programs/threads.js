/**
 * Runs Node worker threads one after the other and prints how many have ended. Only they load the
 * addon, so Node unloads it, or tries to, each time one ends.
 *
 *     threads.js COUNT PROGRAM [DATA]    DATA is JSON: the workerData of each thread, in turn
 *
 * A thread that sends the message 'terminate' is terminated.
 */

import { Worker } from 'node:worker_threads'

const [count, program, data = '[null]'] = process.argv.slice(2)
const turns = JSON.parse(data)
let ended = 0
for (; ended < Number(count); ended++) {
  const thread = new Worker(new URL(program, import.meta.url),
    { workerData: turns[ended % turns.length] })
  thread.on('message', () => thread.terminate())
  // An error is one way to end.
  thread.on('error', () => {})
  await new Promise((resolve) => thread.once('exit', resolve))
}
console.log(ended)
