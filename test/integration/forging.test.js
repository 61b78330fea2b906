/** Frames that no worker sends, from one that has been taken over: they end it, and never Node. */

import assert from 'node:assert/strict'

import { withPython } from '../support/harness.js'

const app = { appTarget: 'forging_app:app', lifespan: 'off', retry: 0 }

for (const path of ['/file', '/trailers']) {
  withPython(`a WebSocket that gets ${path.slice(1)} of an HTTP response does not end Node`, app,
    async (python) => {
      await assert.rejects(python.connect(path), {
        code: 'ERR_WORKER_PROTOCOL', message: /of an HTTP response for a WebSocket/
      })
    })
}
