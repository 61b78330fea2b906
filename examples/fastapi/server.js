// Serves the FastAPI application in this folder: node examples/fastapi/server.js
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'

import { PythonHandler } from 'node-asgi'

const host = process.env.HOST ?? '127.0.0.1'
const port = Number(process.env.PORT ?? 3000)

// The .venv that `npm start` creates. Without it, the handler looks for an interpreter itself.
const venv = fileURLToPath(new URL('../../.venv/bin/python3', import.meta.url))

const python = new PythonHandler({
  docroot: fileURLToPath(new URL('.', import.meta.url)),
  appTarget: 'main:app',
  python: existsSync(venv) ? venv : undefined,
  preload: true, // imports FastAPI once, so that a worker forks in milliseconds
  timeouts: { drain: 3_000 } // /events never ends on its own
})
const server = createServer()
python.attach(server) // HTTP and WebSocket

// After the first signal the default applies again, so a second Ctrl+C ends the process at once.
async function close (signal) {
  process.off('SIGINT', close).off('SIGTERM', close)
  console.log(`${signal}: finishing the requests in flight`)
  server.close()
  await python.close()
  server.closeAllConnections()
}
process.on('SIGINT', close)
process.on('SIGTERM', close)

function fail (error) {
  console.error(error.message)
  process.exitCode = 1
  return python.close()
}

console.log('Starting the Python workers')
try {
  await python.ready
  server.once('error', fail)
  server.listen(port, host, () => {
    const { address, port, family } = server.address()
    const name = family === 'IPv6' ? `[${address}]` : address
    console.log('Open the address below, or its /docs for the API. Press Ctrl+C to stop.')
    console.log(`http://${name}:${port}/`)
  })
} catch (error) {
  await fail(error)
}
