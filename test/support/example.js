/** Runs a server of examples/ as its reader does, and checks what all of them have in common. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { VENV_PYTHON, eventually } from './harness.js'
import { descendants, isAlive } from './processes.js'
import { openSocket, refusedSocket } from './websocket.js'

export const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url))

const VENV = dirname(dirname(VENV_PYTHON))

/**
 * Runs a test on a copy of an example that has a package.json, with its packages installed.
 * @param {string} name
 * @param {string[]} packages besides node-asgi
 * @param {(folder: string) => Promise<void>} run
 */
export async function withExample (name, packages, run) {
  const folder = mkdtempSync(join(tmpdir(), `node-asgi-${name}-`))
  try {
    cpSync(join(EXAMPLES, name), folder, {
      recursive: true, filter: (path) => !/\/(node_modules|\.venv|__pycache__|static)$/.test(path)
    })
    const root = dirname(EXAMPLES)
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync(root, join(folder, 'node_modules/node-asgi'))
    for (const each of packages) {
      symlinkSync(join(root, 'node_modules', each), join(folder, 'node_modules', each))
    }
    await run(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/**
 * @param {string} folder
 * @param {string} program in the folder
 * @param {(url: string) => Promise<void>} run
 * @param {string} [remote] where the application runs, if not in workers
 */
export async function runExample (folder, program, run, remote) {
  await runServer([process.execPath, program], {
    cwd: folder,
    env: { PORT: '0', ...remote !== undefined && { NODE_ASGI_REMOTE: remote } },
    hasWorkers: remote === undefined
  }, async (child) => run(await addressFrom(child)))
}

/**
 * Runs a server until a check is over, and makes sure that it leaves no process behind.
 * @param {string[]} command
 * @param {{ cwd: string, env: Record<string, string>, hasWorkers?: boolean }} options
 * @param {(child: import('node:child_process').ChildProcess) => Promise<void>} run
 */
export async function runServer ([file, ...args], { cwd, env, hasWorkers = true }, run) {
  const child = spawn(file, args, {
    cwd,
    env: { ...process.env, VIRTUAL_ENV: VENV, ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const exited = once(child, 'exit')
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text) => { log += text })
  /** @type {number[]} */
  let started
  try {
    await run(child)
    started = descendants(child.pid)
    assert.equal(started.length > 0, hasWorkers, 'whether Python runs')
  } catch (error) {
    process.stderr.write(log)
    throw error
  } finally {
    child.kill('SIGTERM')
  }
  const [code, signal] = await exited
  // Nest sends the signal to itself again, when everything has been closed.
  assert(code === 0 || ['SIGTERM', 143].includes(signal ?? code),
    `exit code ${code}, signal ${signal}\n${log}`)
  await eventually(() => assert.deepEqual(started.filter(isAlive), [], 'left processes'))
}

/** @param {import('node:child_process').ChildProcess} child that prints its address */
function addressFrom (child) {
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const url = /^https?:\S+$/.exec(line)
      if (url !== null) resolve(url[0].replace('[::1]', '127.0.0.1').replace(/\/$/, ''))
    })
    child.once('exit', (code) => reject(new Error(`the example exited with ${code}`)))
  })
}

/**
 * What the examples of frameworks have in common: the framework, its login, and Python behind it.
 * @param {string} url
 * @param {string} name of the framework
 */
export async function checkFrameworkExample (url, name) {
  const headers = { 'x-user': 'ada' }
  const text = async (path, init) => (await fetch(url + path, init)).text()
  assert.equal(await text('/'), `Hello from ${name}\n`)
  const stranger = await fetch(`${url}/api/me`)
  assert.equal(stranger.status, 401)
  assert.equal(await text('/api/me', { headers }), '{"user":"ada"}')
  assert.equal(await text('/api/double/21', { method: 'POST', headers }), '{"result":42}')
  assert.match(await text('/api/docs', { headers }), /\/api\/openapi\.json/)
  const chat = `${url.replace('http', 'ws')}/api/chat`
  assert.equal((await refusedSocket(chat)).status, 401)
  const client = await openSocket(chat, [], { headers })
  client.send('hello')
  await once(client, 'message')
  assert.deepEqual(client.received, ['ada: hello'])
  client.close()
  await client.closed
}
