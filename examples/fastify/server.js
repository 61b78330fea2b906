// Fastify answers /, checks who is asking in a hook, and gives everything below /api to Python.
import Fastify from 'fastify'
import fastifyPython from 'node-asgi/fastify'

const fastify = Fastify({ logger: true, forceCloseConnections: true })

fastify.get('/', async () => 'Hello from Fastify\n')

await fastify.register(async (scope) => {
  // The hooks of this scope run for requests and WebSockets.
  scope.decorateRequest('user', null)
  scope.addHook('onRequest', async (request, reply) => {
    request.user = request.headers['x-user'] // your own login goes here
    if (!request.user) return reply.code(401).send('Say who you are: x-user\n')
  })
  await scope.register(fastifyPython, {
    prefix: '/api',
    python: { docroot: import.meta.dirname },
    scope: (request) => ({ user: request.user })
  })
})

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => fastify.close())

const address = await fastify.listen({ port: Number(process.env.PORT ?? 3000) })
console.log(address)
