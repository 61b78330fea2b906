// Load process (load-process.js) that reads event streams with fetch() or handleStream() of a
// handler of its own, so that the CPU time of Node includes the reader. Its options are those of
// the handler; a load is { via } and what measureEvents() takes, without the processes.
import { PythonHandler } from 'node-asgi'
import { answerLoads, loadOptions } from './load-process.js'
import { measureEvents } from './token-events.js'

const python = new PythonHandler({ ...loadOptions(), logger: false })
await python.ready
// An idle handler does not keep the process alive.
setInterval(() => {}, 1e6)
process.once('disconnect', () => python.close({ timeout: 0 }))
const processes = { node: [process.pid], python: python.stats().workers.map(({ pid }) => pid) }

async function read (body, onText, onEnd) {
  try {
    for await (const piece of body) onText(Buffer.from(piece).latin1Slice())
    onEnd()
  } catch (error) {
    onEnd(error)
  }
}

const VIA = {
  async fetch (path, onText, onEnd) {
    const controller = new AbortController()
    const response = await python.fetch(path, { signal: controller.signal })
    read(response.body, onText, onEnd)
    return () => controller.abort()
  },
  async handleStream (path, onText, onEnd) {
    const { body } = await python.handleStream({ url: path })
    read(body, onText, onEnd)
    return () => body.destroy()
  }
}

answerLoads(load => measureEvents({ ...load, processes }, VIA[load.via]))
