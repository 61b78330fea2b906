// h3 answers /, and gives everything below /api to Python.
import { H3, serve } from 'h3'
import { PythonHandler } from 'node-asgi'

const python = new PythonHandler({
  docroot: import.meta.dirname,
  workers: 1 // main.py counts in memory
})
const app = new H3()

app.get('/', () => 'Hello from h3\n')
app.all('/api/**', (event) => python.fetch(event.req, {
  prefix: '/api',
  socket: event.runtime.node.req.socket // the client's address
}))

const server = serve(app, { port: process.env.PORT ?? 3000, hostname: '127.0.0.1', silent: true })
await server.ready()
server.node.server.on('upgrade', (req, socket, head) => {
  python.upgrade(req, socket, head, { prefix: '/api' })
})
console.log(server.url)
