/** Frames that no real worker sends: they end the worker that sends them, but never Node. */

import assert from 'node:assert/strict'

import { assertFacts } from '../support/facts.js'
import { withPython } from '../support/harness.js'

const app = { appTarget: 'forging_app:app', lifespan: 'off', retry: 0 }

for (const path of ['/file', '/trailers']) {
  withPython(`${path.slice(1)} of an HTTP response for a WebSocket does not end Node`, app,
    async (python) => {
      const { pid } = python.stats().workers[0]
      await assert.rejects(python.connect(path), (error) => {
        assert.equal(error.code, 'ERR_WORKER_PROTOCOL')
        assertFacts(error.message, [`GET ${path}`, `pid ${pid}`, 'HTTP', 'WebSocket'])
        return true
      })
    })
}
