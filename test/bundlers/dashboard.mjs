// Loads the page of the dashboard.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { PythonHandler } from 'node-asgi'

async function main () {
  const python = new PythonHandler({ appTarget: 'echo_app:app', docroot: process.env.DOCROOT })
  const server = createServer(python.dashboard)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  for (const name of ['', 'dashboard.js', 'dashboard.css', 'uplot.js']) {
    const { status } = await fetch(`http://127.0.0.1:${server.address().port}/${name}`)
    console.log(`${name} ${status}`)
  }
  server.close()
  await python.close()
}

main()
