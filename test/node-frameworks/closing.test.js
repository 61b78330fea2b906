/** Frameworks that close a server and a handler, in every order, while clients stay connected. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'

import { awake } from '../support/harness.js'
import { openSocket } from '../support/websocket.js'
import { load, withFrameworks } from './installed.js'
import { upgradeBelow } from './mounted.js'
import { PLATFORMS, createNest } from './nest-app.js'

const app = { appTarget: 'kinds_app:app', timeouts: { drain: 500 } }

/** An open WebSocket and an event stream without an end. */
async function connect (port) {
  const client = await openSocket(`ws://127.0.0.1:${port}/mnt/x`)
  const request = http.get({ port, path: '/mnt/events', host: '127.0.0.1' })
  const [response] = await once(request, 'response')
  await once(response, 'data')
  const ended = new Promise((resolve) => {
    response.on('error', () => {}).on('close', resolve).resume()
  })
  return { client, ended }
}

/**
 * Runs what closes everything, which must end before the test does. Clients must learn of it.
 * @param {number} port
 * @param {() => Promise<unknown>} close
 */
async function checkClose (port, close) {
  const { client, ended } = await connect(port)
  await awake(close())
  const [code] = await client.closed
  assert.equal(code, 1012)
  await ended
}

/** Where Fastify and its plugins close the handler. */
const FASTIFY = {
  'an onClose hook': ({ fastify, python }) => {
    fastify.addHook('onClose', () => python.close())
    return () => fastify.close()
  },
  'a preClose hook': ({ fastify, python }) => {
    fastify.addHook('preClose', () => python.close())
    return () => fastify.close()
  },
  'hooks with callbacks, both': ({ fastify, python }) => {
    fastify.addHook('onClose', (instance, done) => { python.close().then(() => done(), done) })
    fastify.addHook('preClose', (done) => { python.close().then(() => done(), done) })
    return () => fastify.close()
  },
  'an onClose hook of a plugin': ({ fastify, python }) => {
    fastify.register(async (plugin) => { plugin.addHook('onClose', () => python.close()) })
    return () => fastify.close()
  },
  'python.close() after fastify.close()': ({ fastify, python }) => async () => {
    await fastify.close()
    await python.close()
  },
  'python.close() before fastify.close()': ({ fastify, python }) => async () => {
    await python.close()
    await fastify.close()
  },
  'both at once': ({ fastify, python }) => () => Promise.all([fastify.close(), python.close()]),
  'fastify.server.close() first': ({ fastify, python }) => async () => {
    await new Promise((resolve) => fastify.server.close(resolve))
    await python.close()
    await fastify.close()
  }
}

/** How requests get from Fastify to Python. */
const ROUTES = {
  attach: (fastify, python) => { python.attach(fastify.server, { prefix: '/mnt' }) },
  '@fastify/middie': async (fastify, python) => {
    await fastify.register(await load('@fastify/middie'))
    fastify.use('/mnt', python.listener)
    fastify.server.on('upgrade', upgradeBelow(python))
  },
  'reply.hijack()': (fastify, python) => {
    fastify.all('/mnt/*', (request, reply) => {
      reply.hijack()
      python.listener(request.raw, reply.raw, { prefix: '/mnt' })
    })
    fastify.server.on('upgrade', python.upgrade)
  }
}

async function closeFastify (python, route, order) {
  const fastify = (await load('fastify'))()
  await ROUTES[route](fastify, python)
  const close = FASTIFY[order]({ fastify, python })
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  await checkClose(fastify.server.address().port, close)
}

withFrameworks('Fastify: an onClose hook, with default options', { appTarget: app.appTarget },
  (python) => closeFastify(python, 'attach', 'an onClose hook'))

for (const order of Object.keys(FASTIFY)) {
  withFrameworks(`Fastify with attach: ${order}`, app,
    (python) => closeFastify(python, 'attach', order))
}
for (const route of ['@fastify/middie', 'reply.hijack()']) {
  for (const order of ['an onClose hook', 'a preClose hook', 'both at once']) {
    withFrameworks(`Fastify with ${route}: ${order}`, app,
      (python) => closeFastify(python, route, order))
  }
}

const NEST_HOOKS = ['onModuleDestroy', 'beforeApplicationShutdown', 'onApplicationShutdown']

for (const platform of Object.keys(PLATFORMS)) {
  for (const hook of NEST_HOOKS) {
    withFrameworks(`${platform}: python.close() in ${hook}`, app,
      async (python) => {
        const nest = await createNest(platform, {}, { hooks: { [hook]: () => python.close() } })
        nest.use('/mnt', python.listener)
        nest.getHttpServer().on('upgrade', upgradeBelow(python))
        await nest.listen(0, '127.0.0.1')
        await checkClose(nest.getHttpServer().address().port, () => nest.close())
      })
  }
}
