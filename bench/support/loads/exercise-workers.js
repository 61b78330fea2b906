// Requests to an application of FastAPI, so many to each worker of a handler.
import { bodyOf, workloads } from './workloads.js'

/** Half of them have a body; throws when an answer is wrong or a worker had too few. */
export async function exerciseWorkers (handler, count) {
  const { workers } = handler.stats()
  for (let i = 0; i < count; i++) {
    const { path: url, isRight, ...work } = workloads[i % 2 === 1 ? 'fastapi' : 'fastapi-hello']
    const request = { ...work, url, body: bodyOf(work) }
    // One in flight for each goes to each: the pool takes the worker with the fewest.
    const answers = await Promise.all(workers.map(() => handler.handleRequest(request)))
    for (const { status, body } of answers) {
      if (status >= 300 || !isRight(body.toString())) throw new Error(`the app answered ${status} ${body}`)
    }
  }
  const least = Math.min(...handler.stats().workers.map(({ requests }) => requests))
  if (least < count) throw new Error(`a worker has had ${least} requests of ${count}`)
}
