// What users do today: node:http in front of a Python server on a Unix socket. Requests go through
// undici's pool, which opens as many connections as there are requests in flight; bodies are
// streamed in both directions. WebSockets are piped as bytes (http-proxy-3) or relayed message by
// message (`ws`). Its options are one JSON argument.
import { createServer } from 'node:http'
import { WebSocket, WebSocketServer } from 'ws'
import { npmRequire } from '../install/npm.js'

const { port, socketPath, websocket } = JSON.parse(process.argv[2])
const { Pool } = npmRequire('undici')
const pool = new Pool('http://localhost', { socketPath, pipelining: 1, connections: null })

/** Headers that apply to one connection only (RFC 9110, 7.6.1). */
const HOP_BY_HOP = new Set([
  'connection', 'expect', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding',
  'upgrade'
])

function requestHeaders (req) {
  const headers = []
  for (let i = 0; i < req.rawHeaders.length; i += 2) {
    const name = req.rawHeaders[i]
    if (!HOP_BY_HOP.has(name.toLowerCase())) headers.push(name, req.rawHeaders[i + 1])
  }
  headers.push('x-forwarded-for', req.socket.remoteAddress, 'x-forwarded-proto', 'http')
  return headers
}

function responseHeaders (headers) {
  const kept = {}
  for (const name in headers) if (!HOP_BY_HOP.has(name)) kept[name] = headers[name]
  return kept
}

function forward (req, res) {
  const hasBody = 'content-length' in req.headers || 'transfer-encoding' in req.headers
  pool.stream({
    path: req.url,
    method: req.method,
    headers: requestHeaders(req),
    body: hasBody ? req : null
  }, ({ statusCode, headers }) => res.writeHead(statusCode, responseHeaders(headers)), (error) => {
    if (error === null) return
    if (res.headersSent) return res.destroy()
    res.writeHead(502)
    res.end()
  })
}

function pipe () {
  const proxy = npmRequire('http-proxy-3').createProxyServer({
    target: { socketPath, protocol: 'ws:' }, ws: true
  })
  proxy.on('error', (_, __, socket) => socket.destroy())
  return (req, socket, head) => proxy.ws(req, socket, head)
}

function relay () {
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: false })
  return (req, socket, head) => {
    const upstream =
      new WebSocket(`ws+unix://${socketPath}:${req.url}`, { perMessageDeflate: false })
    upstream.on('error', () => socket.destroy())
    upstream.on('open', () => server.handleUpgrade(req, socket, head, (client) => {
      join(client, upstream)
      join(upstream, client)
    }))
  }
}

function join (from, to) {
  from.on('message', (data, binary) => to.send(data, { binary }))
  from.on('close', (code) => code === 1005 || code === 1006 ? to.close() : to.close(code))
  from.on('error', () => to.terminate())
}

const server = createServer(forward)
server.on('upgrade', websocket === 'relay' ? relay() : pipe())
server.listen(port, '127.0.0.1')
process.on('SIGTERM', () => process.exit())
