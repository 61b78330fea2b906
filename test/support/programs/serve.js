/** Runs a handler until it is killed; prints its own pid and those of the workers. */

import { PythonHandler } from '../../../addon/lib/index.js'

const [docroot, appTarget] = process.argv.slice(2)
const python = new PythonHandler({ docroot, appTarget, workers: 2 })
await python.ready
console.log([process.pid, ...python.stats().workers.map(({ pid }) => pid)].join(' '))
if (appTarget === 'blocking_app:app') {
  python.handleRequest({ url: '/busy?ms=3000' }).catch(() => {})
}
setInterval(() => {}, 1000)
