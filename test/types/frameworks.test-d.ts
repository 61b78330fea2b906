import { createServer, type IncomingMessage } from 'node:http'

import Fastify from 'fastify'
import {
  PythonHandler, Request, type Middleware, type MiddlewareOptions, type ScopeOption
} from 'node-asgi'
import fastifyPython, { type FastifyPythonOptions } from 'node-asgi/fastify'
import vitePython, { type VitePythonOptions } from 'node-asgi/vite'
import { defineConfig } from 'vite'
import { type Equal, expectTrue } from './expect.js'

const python = PythonHandler.shared({ docroot: '.' }, { name: 'first' })
expectTrue<Equal<typeof python, PythonHandler>>()
PythonHandler.shared()
// @ts-expect-error: the name is an option.
PythonHandler.shared({}, 'first')

interface User { id: number, roles: string[] }
const user: User = { id: 1, roles: [] }

const middleware = python.middleware({
  prefix: '/api', notFound: 'next', errors: 'respond', scope: (req) => ({ user: req.user })
})
expectTrue<Equal<typeof middleware, Middleware>>()
python.middleware()
python.middleware({ scope: async (req: IncomingMessage) => ({ url: req.url, user }) })
// @ts-expect-error: there are two ways to go on.
python.middleware({ notFound: true })
expectTrue<Equal<MiddlewareOptions['scope'], ScopeOption | undefined>>()
createServer(middleware)

const server = createServer()
python.attach(server, { prefix: '/api', scope: () => undefined })
python.detach(server)
python.handleRequest({ url: '/', scope: { user } })
python.handleStream(new Request({ scope: { user } }))
python.connect({ url: '/', scope: { user } })
python.fetch('/', { method: 'POST', scope: { user } })
python.fetch(new globalThis.Request('http://h/'), { socket: { remoteAddress: '192.0.2.1' } })
// @ts-expect-error: an address is a part of the connection.
python.fetch('/', { socket: '192.0.2.1' })
createServer((req) => python.fetch(req, { prefix: '/api', scope: { ip: req.socket } }))
createServer((req) => python.fetch('/', { socket: req.socket }))
// @ts-expect-error: data has names.
python.handleRequest({ url: '/', scope: 'ada' })

const fastify = Fastify()
const options: FastifyPythonOptions = { python, scope: (request) => ({ ip: request.ip }) }
await fastify.register(fastifyPython, options)
await fastify.register(fastifyPython, { prefix: '/api', python: { appTarget: 'main:app' } })
// @ts-expect-error: options of the handler have their place.
await fastify.register(fastifyPython, { prefix: '/api', appTarget: 'main:app' })
expectTrue<Equal<typeof fastify.python, PythonHandler>>()

const viteOptions: VitePythonOptions = {
  python, prefix: '/api', refresh: false
}
defineConfig({ plugins: [vitePython(), vitePython(viteOptions)] })
vitePython({ python: { watch: { folders: ['app'] } }, scope: (req) => ({ url: req.url }) })
// @ts-expect-error: options of the handler have their place.
vitePython({ appTarget: 'main:app' })
