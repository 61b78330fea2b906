// Koa answers /, and gives everything below /api to Python.
import Koa from 'koa'
import { PythonHandler } from 'node-asgi'

const python = new PythonHandler({
  docroot: import.meta.dirname,
  workers: 1 // main.py counts in memory
})
const app = new Koa()

app.use(async (ctx) => {
  if (ctx.path === '/') {
    ctx.body = 'Hello from Koa\n'
  } else if (ctx.path.startsWith('/api/')) {
    const response = await python.fetch(ctx.req, { prefix: '/api' })
    ctx.body = response
    ctx.set('set-cookie', response.headers.getSetCookie()) // Koa joins them otherwise
  }
})

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`)
})
server.on('upgrade', (req, socket, head) => python.upgrade(req, socket, head, { prefix: '/api' }))

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    server.close()
    await python.close()
    server.closeAllConnections()
  })
}
