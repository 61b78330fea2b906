// A bare node:http server that answers hello: the upper bound of every server in Node.
import { createServer } from 'node:http'

const { port } = JSON.parse(process.argv[2])
const server = createServer((req, res) => {
  const body = req.url === '/pid' ? String(process.pid) : 'Hello, world!'
  res.writeHead(200, {
    'content-type': 'text/plain; charset=utf-8', 'content-length': String(body.length)
  })
  res.end(body)
})
server.listen(port, '127.0.0.1')
process.on('SIGTERM', () => process.exit())
