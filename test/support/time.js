/** Time that tests stop, or spend with a blocked event loop. */

/**
 * Stops the clock of a test. Time goes by when the test says so. It is one turn of an event loop
 * that was blocked: first the timers run, then what has arrived is handled, then the immediates
 * run. (In Node 20, the immediates that node:test offers cannot be created by its timers.)
 * @param {import('node:test').TestContext} t
 */
export function stopClock (t) {
  /** @type {Set<{ run: () => void }>} */
  const immediates = new Set()
  t.mock.timers.enable({ apis: ['setTimeout'] })
  t.mock.method(globalThis, 'setImmediate', (run) => {
    const immediate = { run }
    immediates.add(immediate)
    return immediate
  })
  t.mock.method(globalThis, 'clearImmediate', (immediate) => { immediates.delete(immediate) })
  return {
    /**
     * @param {number} time milliseconds
     * @param {() => void} [handle] what has arrived
     */
    pass (time, handle = () => {}) {
      t.mock.timers.tick(time)
      handle()
      for (const immediate of immediates) {
        immediates.delete(immediate)
        immediate.run()
      }
    }
  }
}

/** @param {number} time milliseconds */
export function block (time) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, time)
}

/**
 * Blocks while a message arrives, and waits until it and the timers have been handled.
 * @param {number} time milliseconds
 * @param {object} callbacks
 * @param {() => void} callbacks.before called before it blocks, in the same turn
 * @param {() => void} callbacks.onMessage
 */
export async function blockWhileMessageArrives (time, { before, onMessage }) {
  const { port1, port2 } = new MessageChannel()
  const handled = new Promise((resolve) => {
    port1.on('message', () => {
      onMessage()
      setImmediate(resolve)
    })
  })
  // After the immediates of a turn come timers, and only then what has arrived.
  await new Promise((resolve) => setImmediate(resolve))
  before()
  port2.postMessage(null)
  block(time)
  await handled
  port1.close()
}
