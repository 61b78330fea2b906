// Answers one request.
import { PythonHandler } from 'node-asgi'

async function main () {
  const python = new PythonHandler({ appTarget: 'echo_app:app', docroot: process.env.DOCROOT })
  const { status } = await python.handleRequest({ url: '/' })
  console.log(`status ${status}`)
  await python.close()
}

main()
