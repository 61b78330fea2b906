// The server under test: a handler with default options behind HTTP/1.1 and, over TLS, HTTP/2. Its
// parent asks questions over the IPC channel: { question } is answered with { answer }.
import { readFileSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import { once } from 'node:events'

import { PythonHandler } from '../../addon/lib/index.js'
import { APPS, VENV_PYTHON } from '../support/harness.js'

const [key, cert] = process.argv.slice(2)
const log = (level, message) => process.send?.({ level, message })

const python = new PythonHandler({
  docroot: APPS,
  appTarget: 'soak_app:app',
  python: VENV_PYTHON,
  recycle: { requests: 5000, age: 60_000, jitter: 0.5 }, // off by default
  logger: {
    debug () {},
    info () {},
    warn: message => log('warn', message),
    error: message => log('error', message)
  }
})
const plain = http.createServer()
const secure = http2.createSecureServer(
  { key: readFileSync(key), cert: readFileSync(cert), allowHTTP1: true })
for (const server of [plain, secure]) {
  python.attach(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
}
await python.ready

const answers = {
  stats: () => python.stats(),
  reload: () => python.reload().then(() => null, ({ code }) => code),
  memory () {
    globalThis.gc()
    return process.memoryUsage()
  },
  async close () {
    plain.closeAllConnections()
    await python.close()
    for (const server of [plain, secure]) server.close()
    // Nothing else must keep the process alive from now on.
    process.off('disconnect', abandon)
    setImmediate(() => process.disconnect())
  }
}

/** The parent has gone. */
function abandon () {
  process.exit(1)
}

process.on('message', async ({ id, question }) => {
  process.send({ id, answer: await answers[question]() })
})
process.on('disconnect', abandon)
process.send({ ports: [plain, secure].map(server => server.address().port) })
