// Serves an application through node:http and @platformatic/python-node, which has no server of its
// own. Its options are one JSON argument.
import { createServer } from 'node:http'

const { library, port, docroot, appTarget } = JSON.parse(process.argv[2])
const { Python, Request } = await import(library)
const python = new Python({ docroot, appTarget })

async function answer (req, res) {
  const pieces = []
  for await (const piece of req) pieces.push(piece)
  const { status, headers, body } = await python.handleRequest(new Request({
    method: req.method,
    url: `http://${req.headers.host}${req.url}`,
    headers: req.headers,
    ...pieces.length > 0 && { body: Buffer.concat(pieces) }
  }))
  res.writeHead(status, Object.fromEntries(headers.entries()))
  res.end(body)
}

const server = createServer((req, res) => {
  answer(req, res).catch((error) => {
    res.writeHead(500)
    res.end(error.message)
  })
})
server.listen(port, '127.0.0.1')
process.on('SIGTERM', () => process.exit())
