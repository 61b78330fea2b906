// A bare node:http server that answers hello, and moves the bodies of bench/bodies.js without
// Python: the upper bound of every server in Node.
import { createServer } from 'node:http'

const CHUNK = Buffer.alloc(64 * 1024, 'x')

const { port } = JSON.parse(process.argv[2])

function respond (res, body) {
  res.writeHead(200, {
    'content-type': 'text/plain; charset=utf-8', 'content-length': String(body.length)
  })
  res.end(body)
}

function download (res, bytes) {
  let sent = 0
  const send = () => {
    while (sent < bytes) {
      sent += CHUNK.length
      if (!res.write(CHUNK)) return res.once('drain', send)
    }
    res.end()
  }
  send()
}

function count (req, res) {
  let bytes = 0
  req.on('data', chunk => { bytes += chunk.length })
  req.on('end', () => respond(res, String(bytes)))
}

const server = createServer((req, res) => {
  if (req.url.startsWith('/down?bytes=')) download(res, Number(req.url.split('=')[1]))
  else if (req.url === '/up') count(req, res)
  else respond(res, req.url === '/pid' ? String(process.pid) : 'Hello, world!')
})
server.listen(port, '127.0.0.1')
process.on('SIGTERM', () => process.exit())
