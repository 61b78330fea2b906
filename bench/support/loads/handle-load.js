// Load process (load-process.js) that calls handleRequest of node-asgi or the peer. Options:
// { library, docroot, app, python, workers, spin }. A load is { work, inFlight, seconds }. Its
// result has the CPU seconds of Node and of Python, which share one process in the peer.
import { closedLoop } from './closed-loop.js'
import { answerLoads, loadOptions } from './load-process.js'
import { cpuClock, tree } from '../processes/processes.js'
import { bodyOf, workloads } from './workloads.js'

const { library, docroot, app, python, workers, spin } = loadOptions()
/** Both libraries export the same names. */
const { Python, Request } = await import(library)
const isOurs = library === 'node-asgi'
const handler = new Python({ docroot, appTarget: app, ...isOurs && { python, workers, spin } })
await handler.ready

const clock = () => cpuClock(isOurs ? tree(process.pid).slice(1) : null)

answerLoads(async ({ work, inFlight, seconds }) => {
  const { method = 'GET', path, headers, isRight } = workloads[work]
  const body = bodyOf(workloads[work])
  const request = {
    method,
    url: `http://localhost${path}`,
    headers: { host: 'localhost', accept: '*/*', ...headers },
    ...body && { body: Buffer.from(body) }
  }
  const send = () => handler.handleRequest(isOurs ? request : new Request(request))
  const answer = await send()
  if (!isRight(answer.body.toString())) {
    throw new Error(`the app answered ${answer.body.toString().slice(0, 120)}`)
  }
  return closedLoop(async () => {
    const { status } = await send()
    if (status < 200 || status > 299) throw new Error(`the app answered ${status}`)
  }, { inFlight, seconds, clock })
})
