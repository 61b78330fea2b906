// A server that PM2 runs several times, in its cluster mode.
import { createServer } from 'node:http'
import { PythonHandler } from 'node-asgi'

const python = new PythonHandler({ appTarget: 'main:app', workers: 1 })
const server = createServer()
python.attach(server)
await python.ready
server.listen(8000, () => process.send?.('ready'))

process.once('SIGINT', async () => {
  server.close()
  await python.close()
  process.exit()
})
