/* global expect, test */
const { PythonHandler, Response } = require('node-asgi')

test('a request in Jest', async () => {
  const python = new PythonHandler({ appTarget: 'echo_app:app', docroot: process.env.DOCROOT })
  const response = await python.handleRequest({ url: '/' })
  expect(response).toBeInstanceOf(Response)
  expect(response.status).toBe(200)
  await python.close()
})
