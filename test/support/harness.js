/**
 * Runs tests on the real addon and real Python workers, and checks afterwards that nothing leaked.
 */

import assert from 'node:assert/strict'
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { PythonHandler } from '../../addon/lib/index.js'
import { childProcesses } from './processes.js'

export { childProcesses, isAlive } from './processes.js'

export const APPS = fileURLToPath(new URL('../../fixtures/apps', import.meta.url))
export const VENV_PYTHON = fileURLToPath(new URL('../../.venv/bin/python3', import.meta.url))

/** The time limit of a test, in milliseconds. */
export const LIMIT = 30_000

const quiet = { debug () {}, info () {}, warn () {}, error () {} }

/**
 * @param {string} name
 * @param {object} options of the handler; docroot defaults to fixtures/apps
 * @param {(python: PythonHandler, t: import('node:test').TestContext) => Promise<void>} run
 */
export function withPython (name, options, run) {
  leakTest(name, async (t) => {
    const python = startPython(options)
    try {
      await python.ready
      await run(python, t)
    } finally {
      await python.close()
    }
  })
}

/** @type {Set<PythonHandler>} handlers of the running test */
const started = new Set()

/** Creates a handler that the test closes; it is closed anyway if the test fails. */
export function startPython (options) {
  const python = new PythonHandler({
    docroot: APPS,
    workers: 1,
    logger: quiet,
    python: process.env.NODE_ASGI_TEST_PYTHON ?? VENV_PYTHON,
    ...options
  })
  started.add(python)
  return python
}

/**
 * Runs a test that must not leak file descriptors, processes or mappings.
 * @param {string} name
 * @param {(t: import('node:test').TestContext) => Promise<void>} run
 * @param {number} [limit] milliseconds
 */
export function leakTest (name, run, limit = LIMIT) {
  test(name, { timeout: limit }, async (t) => {
    const before = openFds()
    try {
      await run(t)
    } finally {
      await Promise.all([...started].map((python) => python.close({ timeout: 0 })))
      started.clear()
    }
    await eventually(() => {
      assert.deepEqual(childProcesses(), [], 'leaked child processes')
      assert.deepEqual(sharedMappings(), [], 'leaked shared memory')
      const left = openFds().filter((fd) => !before.includes(fd))
      assert.deepEqual(left, [], 'leaked file descriptors')
    })
  })
}

/**
 * Repeats a check until it passes, or throws its last failure when the time limit is over.
 * @template T
 * @param {() => T | Promise<T>} check
 * @returns {Promise<T>}
 */
export async function eventually (check, limit = 5000) {
  const end = performance.now() + limit
  while (true) {
    try {
      return await check()
    } catch (error) {
      if (performance.now() > end) throw error
    }
    await sleep(10)
  }
}

/**
 * Waits for a promise and keeps the process alive meanwhile, which an idle handler does not.
 * @template T
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
export async function awake (promise) {
  const timer = setInterval(() => {}, 1000)
  try {
    return await promise
  } finally {
    clearInterval(timer)
  }
}

/** Serves a listener on node:http while `run` runs. */
export async function withServer (listener, run, listenOn = 0) {
  const server = createServer(listener)
  await new Promise((resolve) => server.listen(listenOn, '127.0.0.1', resolve))
  try {
    return await run(`http://127.0.0.1:${server.address().port}`, server)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

/**
 * The open file descriptors of this process: number and target, without the numbers of sockets and
 * pipes. Excludes /dev/null, which Node keeps open from its first child process on.
 */
function openFds () {
  const fds = []
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      fds.push(`${fd} ${readlinkSync(`/proc/self/fd/${fd}`).replace(/\d+/g, '')}`)
    } catch {} // the descriptor that readdir itself used
  }
  return fds.filter((fd) => !fd.endsWith(' /dev/null'))
}

function sharedMappings () {
  return readFileSync('/proc/self/maps', 'utf8').split('\n').filter((line) => /memfd:/.test(line))
}
