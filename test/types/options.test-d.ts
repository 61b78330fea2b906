import { PythonHandler, type PythonHandlerOptions } from 'node-asgi'
import type { parseOptions, Settings } from '../../addon/lib/options.js'
import { type Equal, expectTrue } from './expect.js'

new PythonHandler()
new PythonHandler({
  docroot: '.',
  appTarget: 'pkg.module:make.app',
  factory: true,
  interface: 'wsgi',
  threads: 4,
  python: 'python3.12',
  workers: 2,
  preload: ['numpy'],
  lifespan: 'off',
  loop: 'uvloop',
  env: { A: 'b' },
  rootPath: '/api',
  concurrency: Infinity,
  maxQueue: 0,
  healthPaths: ['/up'],
  requestRing: 2 ** 20,
  responseRing: 2 ** 21,
  spin: 20,
  timeouts: { startup: 1, request: 0, drain: 0, shutdown: 0, kill: 1 },
  restart: { min: 1, max: 2, window: 3, limit: 4 },
  recycle: { requests: 1, jitter: 0.5, memory: 2, age: 3 },
  isolation: {
    profile: 'strict',
    user: 'nobody',
    group: 33,
    umask: 0o027,
    inheritEnv: ['A'],
    allow: { read: [new URL('file:///a'), '/b'] },
    limits: { memory: 2 ** 30, cpu: 1000, files: 100, processes: 10, core: 0 },
    debug: true,
    node: true
  },
  logger: console
})
new PythonHandler({ preload: true, logger: false, spin: 'auto', isolation: 'strict' })

// options.js knows exactly the declared options, by name and, where both can be compared, by type.
expectTrue<Equal<keyof PythonHandlerOptions, keyof Settings>>()
expectTrue<Equal<
  keyof Required<PythonHandlerOptions>['timeouts'], keyof Settings['timeouts']>>()
expectTrue<Equal<keyof Required<PythonHandlerOptions>['restart'], keyof Settings['restart']>>()
expectTrue<Equal<keyof Required<PythonHandlerOptions>['recycle'], keyof Settings['recycle']>>()
expectTrue<Equal<
  keyof Exclude<Required<PythonHandlerOptions>['isolation'], string>,
  keyof Settings['isolation']>>()
expectTrue<Equal<PythonHandlerOptions['lifespan'], Settings['lifespan'] | undefined>>()
expectTrue<Equal<PythonHandlerOptions['loop'], Settings['loop'] | undefined>>()
expectTrue<Equal<ReturnType<typeof parseOptions>, Settings>>()

// @ts-expect-error: unknown option
new PythonHandler({ worker: 2 })
// @ts-expect-error: unknown timeout
new PythonHandler({ timeouts: { start: 1 } })
// @ts-expect-error: unknown limit
new PythonHandler({ isolation: { limits: { ram: 1 } } })
// @ts-expect-error: workers must be a number
new PythonHandler({ workers: '2' })
// @ts-expect-error: lifespan must be one of three strings
new PythonHandler({ lifespan: true })
// @ts-expect-error: unknown interface
new PythonHandler({ interface: 'rsgi' })
// @ts-expect-error: preload must be true or a list of modules
new PythonHandler({ preload: 'numpy' })
// @ts-expect-error: a logger needs error(), too
new PythonHandler({ logger: { info () {}, warn () {} } })
// @ts-expect-error: env values must be strings
new PythonHandler({ env: { A: 1 } })
