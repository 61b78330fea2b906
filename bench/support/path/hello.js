// The request that bench/path.js measures, and a load of it that does not read the clock.
import { PythonHandler } from 'node-asgi'

const REQUEST = {
  method: 'GET',
  url: 'http://localhost/',
  headers: { host: 'localhost', accept: '*/*' }
}

/** @param {object} options of the handler, which has one worker */
export async function startHello (options) {
  const handler = new PythonHandler({ workers: 1, ...options })
  await handler.ready
  const [{ pid }] = handler.stats().workers

  async function hello (path = '/') {
    const { status } = await handler.handleRequest({ ...REQUEST, url: `http://localhost${path}` })
    if (status !== 200) throw new Error(`the app answered ${status}`)
  }

  return {
    pid,
    hello,
    close: () => handler.close(),
    /**
     * @param {number} inFlight
     * @param {(count: number) => boolean} goOn gets the number of requests sent so far
     * @returns {Promise<number>} how many requests were answered
     */
    async load (inFlight, goOn) {
      let count = 0
      async function caller () {
        while (goOn(count)) {
          count++
          const { status } = await handler.handleRequest(REQUEST)
          if (status !== 200) throw new Error(`the app answered ${status}`)
        }
      }
      await Promise.all(Array.from({ length: inFlight }, caller))
      return count
    }
  }
}
