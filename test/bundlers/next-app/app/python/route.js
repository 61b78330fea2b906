import { PythonHandler } from 'node-asgi'

export const dynamic = 'force-dynamic'

const python = new PythonHandler({ appTarget: 'echo_app:app', docroot: process.env.DOCROOT })

export async function GET () {
  const { status } = await python.handleRequest({ url: '/' })
  return new Response(`status ${status}`)
}
