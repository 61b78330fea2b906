/** Ends by itself although it never closes its handler. */

import { readFileSync } from 'node:fs'

import { PythonHandler } from '../../../addon/lib/index.js'

const python = new PythonHandler({ docroot: process.argv[2], appTarget: 'slow_app:app', workers: 1 })
await python.ready
console.log((await python.handleRequest({ url: '/?ms=1' })).status)
// Nothing but this request keeps the process alive now.
python.handleRequest({ url: '/?ms=200' }).then(({ body }) => {
  console.log(body.toString())
  console.log('server', readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim())
})
