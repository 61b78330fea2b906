// Answers one request.
const { PythonHandler } = require('node-asgi')

async function main () {
  const python = new PythonHandler({ appTarget: 'echo_app:app', docroot: process.env.DOCROOT })
  const { status } = await python.handleRequest({ url: '/' })
  console.log(`status ${status}`)
  await python.close()
}

main()
