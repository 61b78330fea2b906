// Serves the FastAPI application beside this file: node examples/fastapi/server.js
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'

import { PythonHandler } from 'node-asgi'

const host = process.env.HOST ?? '127.0.0.1'
const port = Number(process.env.PORT ?? 3000)

// The .venv that `npm start` makes; without it, the handler looks for a python by itself.
const venv = fileURLToPath(new URL('../../.venv/bin/python3', import.meta.url))

const python = new PythonHandler({
  docroot: fileURLToPath(new URL('.', import.meta.url)),
  appTarget: 'main:app',
  python: existsSync(venv) ? venv : undefined,
  preload: true, // imports FastAPI once: a worker is then forked in milliseconds
  timeouts: { drain: 3_000 } // /events never ends by itself
})
const server = createServer()
python.attach(server) // requests and WebSockets

// A second ^C finds no handler and ends at once.
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
    console.log('The page shows what it can do, /docs is the API; ^C ends it')
    console.log(`http://${name}:${port}/`)
  })
} catch (error) {
  await fail(error)
}
