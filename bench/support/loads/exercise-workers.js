// Sends requests to bench/apps/fastapi_app.py, the same number to each worker of a handler.
import { requestOf, workloads } from './workloads.js'

/** Half of the requests have a body. Throws when a response is wrong or a worker had too few. */
export async function exerciseWorkers (handler, count) {
  const { workers } = handler.stats()
  for (let i = 0; i < count; i++) {
    const work = workloads[i % 2 === 1 ? 'fastapi' : 'fastapi-hello']
    const request = requestOf(work)
    // With one request in flight per worker, each worker gets one: the pool picks the least busy.
    const answers = await Promise.all(workers.map(() => handler.handleRequest(request)))
    for (const { status, body } of answers) {
      if (status >= 300 || !work.isRight(body.toString())) {
        throw new Error(`the app answered ${status} ${body}`)
      }
    }
  }
  const least = Math.min(...handler.stats().workers.map(({ requests }) => requests))
  if (least < count) throw new Error(`a worker served only ${least} of ${count} requests`)
}
