import { createServer } from 'node:http'
import { PythonHandler } from 'node-asgi'

const server = createServer()
new PythonHandler({ appTarget: 'main:app' }).attach(server)
server.listen(0, '127.0.0.1', async () => {
  const response = await fetch(`http://127.0.0.1:${server.address().port}/`)
  console.log(response.status, await response.text())
  server.close()
})
