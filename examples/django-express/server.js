// Express has the new pages, and Django everything else: node server.js
import { fileURLToPath } from 'node:url'

import express from 'express'
import { PythonHandler } from 'node-asgi'

const folder = fileURLToPath(new URL('.', import.meta.url))

const django = new PythonHandler({ docroot: folder, appTarget: 'mysite.asgi:application' })
const app = express()

app.get('/', (req, res) => res.send('Hello from Express\n'))

// Django knows who has logged in. This call stays in the process.
app.use('/reports', async (req, res, next) => {
  const response = await django.handleRequest({
    url: '/whoami', headers: { host: req.headers.host, cookie: req.headers.cookie ?? '' }
  })
  req.user = response.json()
  if (req.user.is_staff) next()
  else res.redirect(`/admin/login/?next=${encodeURIComponent(req.originalUrl)}`)
})
app.get('/reports', (req, res) => res.send(`Reports for ${req.user.name}\n`))

// What `manage.py collectstatic` has gathered.
app.use('/static', express.static(`${folder}static`))

// Last, so that it gets what Express does not have.
app.use(django.middleware({ scope: (req) => ({ address: req.ip }) }))

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`)
})

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    server.close()
    await django.close()
    server.closeAllConnections()
  })
}
