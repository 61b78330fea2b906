/**
 * Prints how many bytes of V8's heap one handleRequest() takes in JavaScript. A function that
 * answers at once replaces the native addon. Run it with --no-opt, so that nothing depends on when
 * V8 compiles, and with a young generation that holds all requests that count.
 */

import { PythonHandler } from '../../../addon/lib/handler.js'
import { createFake } from '../fake-binding.js'

const WARM_UP = 3000
const COUNTED = 2000
const HEADERS = 'content-type\0text/plain\0content-length\x005'

const { binding, system } = createFake()
const body = Buffer.from('hello')

class QuickChannel extends binding.Channel {
  id = 0

  request () {
    const id = ++this.id
    setImmediate(this.answer, this, id)
    return id
  }

  answer (channel, id) {
    const type = binding.eventTypes.RESPONSE_START
    channel.onEvents(body, type, id, 200, HEADERS, body.length, true)
  }
}

const python = new PythonHandler({ docroot: import.meta.dirname, workers: 1 },
  { binding: { ...binding, Channel: QuickChannel }, system })
await python.ready
const request = { method: 'GET', url: 'http://localhost/', headers: { accept: '*/*' } }

async function send (count) {
  while (count-- > 0) await python.handleRequest(request)
}

await send(WARM_UP)
const before = process.memoryUsage().heapUsed
await send(COUNTED)
console.log(Math.round((process.memoryUsage().heapUsed - before) / COUNTED))
process.exit()
