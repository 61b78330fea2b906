/**
 * A worker that has been taken over and forges frames: each costs it its life, and never Node's.
 */

import assert from 'node:assert/strict'

import { withPython } from '../support/harness.js'

const app = {
  appTarget: 'forging_app:app',
  lifespan: 'off',
  retry: 0,
  restart: { min: 1, max: 1, limit: 100 }
}

/** By path of forging_app: what the error says of the frame. */
const REQUESTS = {
  '/record': /not a frame/,
  '/type': /type 16\b/,
  '/fields': /type 34\b.*fields/,
  '/stream': /body on stream 99\b.*not open/,
  '/status': /status 42 on stream 1\b.*200 to 999/,
  '/second': /second response on stream 1\b/,
  '/early': /body on stream 1 before its response/,
  '/window': /stream 1\b.*window of 262144\b/,
  '/credit': /credit on stream 1\b/,
  '/closed': /stream 1\b.*not aborted/,
  '/accept': /accept on stream 1\b.*not a WebSocket/,
  '/file': /file on stream 1\b.*descriptor/,
  '/other-file': /file on stream 1\b.*descriptor/,
  '/many-files': /file on stream 1\b.*descriptor/,
  '/part': /not a frame/,
  '/nested': /type 5\b/,
  '/between': /type 34\b.*last part/,
  '/hint': /early hint on stream 1 after its response/
}
const SOCKETS = {
  '/file': /file on stream 1\b.*WebSocket/,
  '/trailers': /trailers on stream 1\b.*WebSocket/,
  '/message': /message on stream 1\b.*not an open WebSocket/,
  '/code': /code 1 on stream 1\b.*1000 to 4999/,
  '/reason': /124 bytes on stream 1\b.*123/
}

withPython('a forged frame for a request ends its worker', app, async (python) => {
  for (const [url, message] of Object.entries(REQUESTS)) {
    await assert.rejects(python.handleRequest({ url }),
      { code: 'ERR_WORKER_PROTOCOL', message }, url)
  }
})

withPython('a forged frame for a WebSocket ends its worker', app, async (python) => {
  for (const [path, message] of Object.entries(SOCKETS)) {
    await assert.rejects(python.connect(path), { code: 'ERR_WORKER_PROTOCOL', message }, path)
  }
})
