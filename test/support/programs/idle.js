/** A program that ends although it never closes its handler, because the handler is idle. */

import { readFileSync } from 'node:fs'

import { PythonHandler } from '../../../addon/lib/index.js'

const [docroot] = process.argv.slice(2)
const python = new PythonHandler({ docroot, appTarget: 'slow_app:app', workers: 1 })
await python.ready
console.log((await python.handleRequest({ url: '/?ms=1' })).status)
// From here on, only this request keeps the process alive.
python.handleRequest({ url: '/?ms=200' }).then(({ body }) => {
  console.log(body.toString())
  console.log('server', readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim())
})
