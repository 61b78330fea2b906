// Express answers /, checks who is asking, and gives everything below /api to Python.
import express from 'express'
import { PythonHandler } from 'node-asgi'

const python = new PythonHandler({ docroot: import.meta.dirname })
const app = express()

app.get('/', (req, res) => res.send('Hello from Express\n'))

// For requests and for WebSockets.
app.use('/api', (req, res, next) => {
  req.user = req.headers['x-user'] // your own login goes here
  if (req.user) next()
  else res.status(401).send('Say who you are: x-user\n')
})
app.use('/api', python.middleware({
  scope: (req) => ({ user: req.user }),
  notFound: 'next',
  errors: 'next'
}))

app.use((req, res) => res.status(404).send(`Express has no ${req.originalUrl} either\n`))
app.use((error, req, res, next) => {
  console.error(error)
  res.status(error.status ?? 500).send('Something went wrong\n')
})

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`)
})

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    server.close()
    await python.close()
    server.closeAllConnections()
  })
}
