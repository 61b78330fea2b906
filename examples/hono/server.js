// Hono answers /, and gives everything below /api to Python.
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { PythonHandler } from 'node-asgi'

const python = new PythonHandler({
  docroot: import.meta.dirname,
  workers: 1 // main.py counts in memory
})
const app = new Hono()

app.get('/', (c) => c.text('Hello from Hono\n'))
app.all('/api/*', (c) => python.fetch(c.req.raw, {
  prefix: '/api',
  socket: c.env.incoming.socket // the client's address
}))
app.onError((error, c) => {
  console.error(error)
  return c.text('Something went wrong\n', 500)
})

const options = { fetch: app.fetch, port: Number(process.env.PORT ?? 3000), hostname: '127.0.0.1' }
const server = serve(options, ({ port }) => console.log(`http://127.0.0.1:${port}`))
server.on('upgrade', (req, socket, head) => python.upgrade(req, socket, head, { prefix: '/api' }))

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    server.close()
    await python.close()
    server.closeAllConnections()
  })
}
