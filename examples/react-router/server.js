// Instead of react-router-serve: WebSockets, and the client's address for Python.
import { createRequestHandler } from '@react-router/express'
import express from 'express'
import { PythonHandler } from 'node-asgi'

import * as build from './build/server/index.js'

// The same handler as in app/python.server.ts, because the options are the same.
const python = PythonHandler.shared({ workers: 1 })
const app = express()

app.use('/api', python.middleware())
app.use(express.static('build/client'))
app.all('/{*path}', createRequestHandler({ build }))

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`)
})

process.once('SIGTERM', async () => {
  server.close()
  await python.close()
  server.closeAllConnections()
})
