/** An application of Nest without TypeScript: decorators are functions. */

import { load } from './installed.js'

/** What Nest can run on: the adapters to create it with, and how a router says "every path". */
export const PLATFORMS = {
  'Nest on Express': { adapters: async () => [], everyPath: '*path' },
  'Nest on Fastify': {
    adapters: async () => [new (await load('@nestjs/platform-fastify')).FastifyAdapter()],
    everyPath: '*'
  }
}

/**
 * Creates an application. It is not listening yet.
 * @param {keyof PLATFORMS} platform
 * @param {object} [options] of NestFactory.create()
 * @param {object} [parts]
 * @param {(req: any, res: any) => void} [parts.controller] handles every path
 * @param {(req: any, res: any) => void} [parts.middleware] of a module, for paths that match `from`
 * @param {string} [parts.from]
 * @param {object} [parts.hooks] become methods of the module
 */
export async function createNest (platform, options = {}, parts = {}) {
  const { controller, middleware, from = '{*path}', hooks } = parts
  await import('reflect-metadata')
  const { All, Controller, Module, Req, Res } = await load('@nestjs/common')
  const { NestFactory } = await load('@nestjs/core')

  const { adapters, everyPath } = PLATFORMS[platform]

  class EveryPath {
    handle (req, res) { controller(req, res) }
  }
  const { prototype } = EveryPath
  All(everyPath)(prototype, 'handle', Object.getOwnPropertyDescriptor(prototype, 'handle'))
  Req()(prototype, 'handle', 0)
  Res()(prototype, 'handle', 1)
  Controller()(EveryPath)

  class Application {
    configure (consumer) {
      if (middleware !== undefined) consumer.apply(middleware).forRoutes(from)
    }
  }
  Object.assign(Application.prototype, hooks)
  Module({ controllers: controller === undefined ? [] : [EveryPath] })(Application)
  return NestFactory.create(Application, ...await adapters(), {
    logger: false, ...options
  })
}
