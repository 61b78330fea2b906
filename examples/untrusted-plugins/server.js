// Serves each folder in plugins/ as an application of its own, without trusting it:
// node examples/untrusted-plugins/server.js, then open http://127.0.0.1:3000/greeting/
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'

import { PythonHandler } from 'node-asgi'

const MIB = 2 ** 20
const folder = fileURLToPath(new URL('./plugins/', import.meta.url))

const plugins = new Map(readdirSync(folder).map((name) => [name, new PythonHandler({
  docroot: folder + name,
  python: process.env.PYTHON,
  rootPath: `/${name}`,
  workers: 1,
  isolation: {
    profile: 'strict', // reads its docroot and the Python environment, writes its own TMPDIR
    node: true, // no plugin can read the memory of this process
    user: process.getuid() === 0 ? 'nobody' : undefined,
    limits: { memory: 256 * MIB, files: 128, core: 0 }
  },
  timeouts: { request: 5_000, hang: 5_000 }
})]))

const server = createServer((req, res) => {
  const [, name] = req.url.split('/')
  const plugin = plugins.get(name)
  if (plugin !== undefined) return plugin.listener(req, res)
  res.writeHead(404).end(`plugins: ${[...plugins.keys()].join(', ')}\n`)
})
server.listen(Number(process.env.PORT ?? 3000), process.env.HOST ?? '127.0.0.1')
await once(server, 'listening')
console.log(`Listening on http://127.0.0.1:${server.address().port}`)

async function close () {
  process.off('SIGINT', close).off('SIGTERM', close)
  server.close()
  await Promise.all([...plugins.values()].map((plugin) => plugin.close()))
  server.closeAllConnections()
}
process.on('SIGINT', close)
process.on('SIGTERM', close)
