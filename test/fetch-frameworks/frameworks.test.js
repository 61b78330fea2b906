// The examples of frameworks that bundle the code which calls python.fetch(), built and served by
// the real frameworks, with the published package in their node_modules.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { appendFile, cp, readFile, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { EXAMPLES, runServer } from '../support/example.js'
import { RAISING, checkFetchFramework, checkSocket } from '../support/fetch-framework.js'
import { eventually } from '../support/harness.js'
import { placePackage } from '../support/installed-package.js'
import { childProcesses, descendants } from '../support/processes.js'

const PLACE = fileURLToPath(new URL('../../build/fetch-frameworks/', import.meta.url))
const MODULES = join(PLACE, 'node_modules')

/** A Node.js that all of them support; the one that runs the tests may be older. */
const NODE = join(MODULES, `node-linux-${process.arch}`, 'bin/node')

const skip = existsSync(join(MODULES, '.node-asgi-stamp'))
  ? false
  : 'run `bash test/fetch-frameworks/run.sh`'

/** Milliseconds for a framework. On an idle machine, each takes less than 20 seconds. */
const LIMIT = 180_000

/**
 * @typedef {object} Framework
 * @property {string[]} build the program of a package and its arguments
 * @property {string} bundle the folder with the code of the server
 * @property {string[]} start the same as for `build`, or a file of the project
 * @property {string[]} sockets the same with WebSockets
 * @property {(port: number) => string[]} dev
 * @property {Record<string, string>} [env] of the server
 * @property {string} handler the module that has the handler
 * @property {string | null} client
 * @property {RegExp} failure
 */

/** @type {Record<string, Framework>} */
const FRAMEWORKS = {
  'react-router': {
    build: ['@react-router/dev/bin.cjs', 'build'],
    bundle: 'build/server',
    start: ['@react-router/serve/bin.cjs', 'build/server/index.js'],
    sockets: ['server.js'],
    dev: (port) => ['@react-router/dev/bin.cjs', 'dev', '--host', '127.0.0.1', '--port', `${port}`],
    handler: 'app/python.server.ts',
    client: null, // it does not say
    failure: /^Unexpected Server Error/
  },
  sveltekit: {
    build: ['vite/bin/vite.js', 'build'],
    bundle: 'build/server',
    start: ['build'],
    sockets: ['server.js'],
    dev: (port) => ['vite/bin/vite.js', 'dev', '--host', '127.0.0.1', '--port', `${port}`],
    env: { BODY_SIZE_LIMIT: 'Infinity' },
    handler: 'src/lib/server/python.ts',
    client: '127.0.0.1',
    failure: /Internal Error/
  },
  nuxt: {
    build: ['nuxt/bin/nuxt.mjs', 'build'],
    bundle: '.output/server/chunks',
    start: ['.output/server/index.mjs'],
    sockets: ['.output/server/index.mjs'],
    dev: (port) => ['nuxt/bin/nuxt.mjs', 'dev', '--no-fork', '--host', '127.0.0.1', '--port',
      `${port}`],
    handler: 'server/utils/python.ts',
    client: '127.0.0.1',
    failure: /Server Error/
  }
}

describe('frameworks that build a bundle', { skip }, () => {
  before(() => placePackage(MODULES))

  for (const [name, framework] of Object.entries(FRAMEWORKS)) {
    const folder = join(PLACE, name)
    const { client, failure, handler } = framework

    describe(name, () => {
      before(async () => {
        await rm(folder, { recursive: true, force: true })
        await cp(join(EXAMPLES, name), folder, { recursive: true })
        await appendFile(join(folder, 'main.py'), RAISING)
      })

      it('leaves node-asgi out of the bundle', { timeout: LIMIT }, async () => {
        await promisify(execFile)(NODE, command(framework.build), { cwd: folder, env: environment })
        const files = (await readdir(join(folder, framework.bundle), { recursive: true }))
          .filter((file) => /\.m?js$/.test(file))
        const texts = await Promise.all(
          files.map((file) => readFile(join(folder, framework.bundle, file), 'utf8')))
        assert(texts.some((text) => /from ?["']node-asgi["']/.test(text)))
        assert(!texts.some((text) => text.includes('ERR_BINDING_NOT_FOUND')))
      })

      it('passes requests on when it is built', { timeout: LIMIT }, async () => {
        await serve(framework.start, framework, folder, async (url) => {
          await checkPage(url)
          await checkFetchFramework(url, { client, failure })
        })
      })

      it('opens WebSockets next to its pages', { timeout: LIMIT }, async () => {
        await serve(framework.sockets, framework, folder, async (url, { pid }) => {
          await checkSocket(url)
          await checkPage(url)
          assert.deepEqual(await (await fetch(`${url}/api/me`)).json(), { client: '127.0.0.1' })
          assert.equal(poolsOf(pid).length, 1)
        })
      })

      it('has one pool while it is being developed', { timeout: LIMIT }, async () => {
        const port = await freePort()
        await serve(framework.dev(port), framework, folder, async (url, { pid, stdout }) => {
          await checkPage(url)
          assert.equal(poolsOf(pid).length, 1)
          let output = ''
          stdout.on('data', (text) => { output += text })
          await appendFile(join(folder, handler), "\nconsole.log('evaluated again')\n")
          await eventually(async () => {
            await checkPage(url)
            assert.match(output, /evaluated again/)
          }, 30_000)
          await checkPage(url)
          await eventually(() => assert.equal(poolsOf(pid).length, 1))
        }, port)
      })
    })
  }
})

const environment = { ...process.env, NUXT_TELEMETRY_DISABLED: '1', NO_COLOR: '1' }

/**
 * Of a program in a package, its path.
 * @param {string[]} words
 */
function command ([program, ...args]) {
  const path = join(MODULES, program)
  return [existsSync(path) ? path : program, ...args]
}

/**
 * @param {string[]} words of the command
 * @param {Framework} framework
 * @param {string} cwd
 * @param {(url: string, child: import('node:child_process').ChildProcess) => Promise<void>} run
 * @param {number} [given]
 */
async function serve (words, { env }, cwd, run, given) {
  const port = given ?? await freePort()
  const options = { cwd, env: { ...environment, HOST: '127.0.0.1', PORT: `${port}`, ...env } }
  await runServer([NODE, ...command(words)], options, async (child) => {
    child.stdout.setEncoding('utf8').resume()
    const url = `http://127.0.0.1:${port}`
    const ended = once(child, 'exit').then(() => assert.fail('the server has ended'))
    await Promise.race([eventually(() => fetch(url), 60_000), ended])
    ended.catch(() => {})
    await run(url, child)
  })
}

/** The page has something from Python, which was called without HTTP. */
async function checkPage (url) {
  await eventually(async () => {
    const response = await fetch(url)
    assert.match(await response.text(), /Visitors of Python: (<!-- -->)?0/)
  }, 30_000)
}

/** The fork servers below a process: one for each pool. */
function poolsOf (pid) {
  const ofPython = descendants(pid).filter((child) => /\/worker\/python\/main\.py/.test(
    readFileSync(`/proc/${child}/cmdline`, 'utf8')))
  const workers = ofPython.flatMap((each) => childProcesses(each))
  return ofPython.filter((each) => !workers.includes(each))
}

async function freePort () {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}
