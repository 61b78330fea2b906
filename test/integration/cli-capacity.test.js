/** node-asgi capacity, from the costs of a server that runs, and from costs that are given. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { Run } from '../support/run.js'
import { APPS, VENV_PYTHON } from '../support/harness.js'

const GIVEN = ['--rate', '2000', '--node-cost', '25', '--python-cost', '500', '--cores', '4']

async function capacity (...args) {
  const run = new Run(['capacity', ...args])
  return { code: await run.closed, stdout: run.stdout, stderr: run.stderr }
}

describe('node-asgi capacity', { timeout: 60_000 }, () => {
  it('says how many processes a load needs', async () => {
    const { code, stdout } = await capacity(...GIVEN, '--node-memory', '90',
      '--worker-memory', '60')
    assert.equal(code, 0)
    assert.match(stdout, /^options +--processes 1 --workers 2$/m)
    assert.match(stdout, /^memory +210 MiB/m)
    assert.match(stdout, /^full first +Python\b/m)
  })

  it('says which costs are missing, and what cannot be', async () => {
    for (const [args, pattern, expected] of [
      [['--rate', '5'], /--node-cost is missing/, 2],
      [GIVEN.slice(2), /--rate is missing/, 2],
      [[...GIVEN, '--utilization', '100'], /--utilization.*below 100/, 2],
      [['http://127.0.0.1:1/'], /http:\/\/127\.0\.0\.1:1\/ cannot be read/, 1],
      [['http://127.0.0.1:1/', ...GIVEN, '--wait', '0'], /cannot be read/, 1],
      [[...GIVEN, '--cores', '1', '--wait', '0.001'], /longer than --wait 0\.001/, 1]
    ]) {
      const { code, stderr } = await capacity(...args)
      assert.match(stderr, pattern)
      assert.equal(code, expected, stderr)
    }
  })

  it('measures a server that has its usual load', async () => {
    const run = new Run(['cpu_time_app:app', '--docroot', APPS, '--python', VENV_PYTHON,
      '--workers', '1', '--port', '0', '--metrics', '/metrics'])
    try {
      const url = `http://127.0.0.1:${await run.port()}`
      const measured = new AbortController()
      const measuring = capacity(`${url}/metrics`, '--seconds', '3', '--json', '--rate', '1000')
        .finally(() => measured.abort())
      await Promise.all(Array.from({ length: 8 }, async () => {
        while (!measured.signal.aborted) {
          const response = await fetch(`${url}/?us=1000`)
          assert.equal(await response.text(), 'done')
        }
      }))
      const { stdout, stderr } = await measuring
      assert.equal(stderr, '')
      const { costs, plan } = JSON.parse(stdout)
      assert(costs.python >= 1000 && costs.python < 5000, stdout)
      assert(costs.node > 0 && costs.node < 5000, stdout)
      assert(costs.duration >= 1, stdout)
      assert(costs.nodeMemory > 2 ** 20 && costs.workerMemory > 2 ** 20, stdout)
      assert(plan.python.count * plan.machines >= 2, stdout)
    } finally {
      run.child.kill('SIGTERM')
      assert.equal(await run.closed, 0)
    }
  })
})
