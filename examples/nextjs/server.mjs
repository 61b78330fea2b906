// Next.js with WebSockets, which its route handlers cannot take.
import { createServer } from 'node:http'
import next from 'next'

import { python } from './lib/python.mjs'

const dev = process.env.NODE_ENV !== 'production'
const hostname = process.env.HOSTNAME ?? '127.0.0.1'
const port = Number(process.env.PORT ?? 3000)

const app = next({ dev, hostname, port })
await app.prepare()
const server = createServer(app.getRequestHandler())
python().attach(server, { prefix: '/api' })
server.listen(port, hostname, () => {
  console.log(`http://${hostname}:${server.address().port}`)
})

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    server.close()
    await python().close()
    await app.close()
    process.exit()
  })
}
