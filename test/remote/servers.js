/** Servers that run an application elsewhere, as a handler with the option `remote` sees them. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

import { APPS, VENV_PYTHON, eventually } from '../support/harness.js'

const bin = (/** @type {string} */ name) =>
  fileURLToPath(new URL(`.venv/bin/${name}`, import.meta.url))
const CLI = fileURLToPath(new URL('../../addon/bin/node-asgi.js', import.meta.url))

/** @typedef {(port: number, app: string) => [command: string, ...args: string[]]} Command */

/** @type {Record<string, Command>} */
const COMMANDS = {
  uvicorn: (port, app) => [bin('uvicorn'), app, '--port', String(port), '--log-level', 'error',
    '--http', 'h11', '--ws', 'websockets-sansio'],
  'node-asgi': (port, app) => [process.execPath, CLI, app, '--port', String(port), '--workers', '1',
    '--python', VENV_PYTHON, '--no-access-log'],
  gunicorn: (port, app) => [bin('gunicorn'), app, '-b', `127.0.0.1:${port}`, '-w', '1', '-k',
    'uvicorn_worker.UvicornWorker', '--log-level', 'error'],
  granian: (port, app) => [bin('granian'), '--interface', 'asgi', app, '--port', String(port),
    '--workers', '1', '--log-level', 'error']
}

/** Those that `npm test` runs; `npm run test:remote` runs all. */
const USUAL = ['uvicorn', 'node-asgi']

export const SERVERS = process.env.NODE_ASGI_REMOTE_SERVERS === 'all'
  ? Object.keys(COMMANDS)
  : USUAL

export async function freePort () {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  server.close()
  await once(server, 'close')
  return port
}

/**
 * Starts a server, and waits until it accepts connections.
 * @param {string} name
 * @param {{ app?: string, port?: number }} [options]
 */
export async function startServer (name, { app = 'remote_app:app', port } = {}) {
  port ??= await freePort()
  const [command, ...args] = COMMANDS[name](port, app)
  // The command line takes every variable of ours for a setting.
  const { NODE_ASGI_REMOTE_SERVERS, ...env } = process.env
  const child = spawn(command, args, {
    cwd: APPS, stdio: ['ignore', 'ignore', 'pipe'], env: { ...env, PYTHONDONTWRITEBYTECODE: '1' }
  })
  let output = ''
  child.stderr.on('data', (piece) => { output += piece })
  const ended = once(child, 'close')
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`${name} has ended: ${output}`)
    const socket = connect(/** @type {number} */ (port), '127.0.0.1')
    await once(socket, 'connect')
    socket.destroy()
  }, 20_000)
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    kill: async (/** @type {NodeJS.Signals} */ signal = 'SIGTERM') => {
      child.kill(signal)
      await ended
    }
  }
}
