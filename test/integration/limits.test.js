/** Limits of one worker, and what Node says when it has reached one. */

import assert from 'node:assert/strict'

import { eventually, withPython } from '../support/harness.js'

const MIB = 2 ** 20

const limited = (limits) => ({ appTarget: 'memory_app:app', isolation: { limits } })

withPython('a worker that has used up its memory ends, and says so',
  limited({ memory: 256 * MIB }), async (python) => {
    const lines = []
    python.on('stderr', (line) => lines.push(line))
    const first = (await python.handleRequest({ url: '/' })).text()
    await assert.rejects(python.handleRequest({ method: 'POST', url: '/grow?mib=300' }), {
      code: 'ERR_WORKER_CRASHED',
      message: /268435456 bytes of memory .*isolation\.limits\.memory/
    })
    await eventually(() => assert.ok(lines.some((line) => line.includes('MemoryError'))))
    assert.notEqual((await python.handleRequest({ url: '/' })).text(), first)
  })

withPython('a worker that has used up its CPU time ends, and says so',
  limited({ cpu: 1000 }), async (python) => {
    await assert.rejects(python.handleRequest({ method: 'POST', url: '/burn' }), {
      code: 'ERR_WORKER_CRASHED',
      signal: 'SIGXCPU',
      message: /1000 ms of CPU time .*isolation\.limits\.cpu/
    })
  })

withPython('the application cannot raise its limits',
  limited({ files: 100, core: 0, processes: 5000 }), async (python) => {
    const limits = (await python.handleRequest({ url: '/limits' })).json()
    assert.deepEqual(limits, { nofile: [100, 100], core: [0, 0], nproc: [5000, 5000] })
  })
