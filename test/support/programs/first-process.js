/**
 * The first process of a container: loses its fork server five times, has its workers start 15
 * daemons, and prints the zombies that are left, as JSON.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

import { PythonHandler } from '../../../addon/lib/index.js'

const LIMIT = 10_000

const field = (pid, name) =>
  new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'))[1]

const zombies = () => readdirSync('/proc').filter((pid) => {
  try {
    return /^\d+$/.test(pid) && field(pid, 'State') === 'Z'
  } catch {
    return false // it has just been reaped
  }
})

const [docroot, executable] = process.argv.slice(2)
const python = new PythonHandler({
  docroot, appTarget: 'children_app:app', python: executable, workers: 2, logger: false
})
await python.ready
const alive = setInterval(() => {}, 1000)
for (let i = 0; i < 5; i++) {
  const { pid } = python.stats().workers[0]
  process.kill(Number(field(pid, 'PPid')), 'SIGKILL')
  while (python.stats().workers.length < 2 || python.stats().ready < 2 ||
    python.stats().workers.some((worker) => worker.pid === pid)) await sleep(10)
}
await python.handleRequest({ method: 'POST', url: '/daemons?n=15' })
const end = performance.now() + LIMIT
while (zombies().length > 0 && performance.now() < end) await sleep(20)
const left = zombies()
await python.close()
clearInterval(alive)
console.log(JSON.stringify({ pid: process.pid, left: left.length, after: zombies().length }))
