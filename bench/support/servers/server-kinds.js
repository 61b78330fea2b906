// The kinds of servers and the command that starts each. All run the same application in the same
// interpreter, on uvloop, without logging.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packageVersion, PINNED } from '../install/npm.js'

const script = name => fileURLToPath(new URL(name, import.meta.url))

/**
 * @typedef {{ port: number } | { socketPath: string }} Address on 127.0.0.1, or a Unix socket
 * @typedef {object} Application
 * @property {string} bin folder of the Python programs
 * @property {string} docroot
 * @property {string} app module:attribute
 * @property {number} workers
 * @property {number} [concurrency] requests that a worker of node-asgi has at a time
 * @property {number | string} [spin] the option of node-asgi
 * @property {string} [library] URL of @platformatic/python-node
 * @property {number} [http2Port] where node-asgi also serves HTTP/2, without TLS
 * @property {number} [processes] of Node, for the command line
 * @property {Address} [upstream] the server behind a proxy
 * @typedef {object} Kind
 * @property {(application: Application, address: Address) =>
 *   [program: string, args: string[]]} command
 *   command
 * @property {string} [upstream] the kind of server behind it, on a Unix socket
 */

const node = (name, options) => [process.execPath, [script(name), JSON.stringify(options)]]
const nodeAsgi = more => ({ bin, docroot, app, workers, concurrency, spin, http2Port }, { port }) =>
  node('node-asgi-server.js', {
    port,
    http2Port,
    docroot,
    appTarget: app,
    workers,
    concurrency,
    spin,
    python: join(bin, 'python'),
    ...more
  })
const commandLine = more => ({ bin, app, workers, processes = 1 }, { port }) => [process.execPath, [
  script('../../../addon/bin/node-asgi.js'), app, '--port', String(port),
  '--workers', String(workers), '--processes', String(processes), '--python', join(bin, 'python'),
  '--no-access-log', '--log-level', 'warn', ...more]]
const proxy = websocket => ({ upstream }, { port }) =>
  node('proxy-server.js', { port, websocket, ...upstream })

const uvicorn = ({ bin, app, workers }, { port, socketPath }) => [join(bin, 'uvicorn'), [app,
  ...socketPath === undefined ? ['--port', String(port)] : ['--uds', socketPath],
  '--workers', String(workers), '--loop', 'uvloop', '--http', 'httptools', '--no-access-log',
  '--log-level', 'critical',
  // Longer than a client keeps an idle connection, so that no connection closes as it is reused.
  '--timeout-keep-alive', '60']]

const gunicorn = worker => ({ bin, app, workers }, { port }) => [join(bin, 'gunicorn'), [app,
  '-k', worker, '-w', String(workers), '-b', `127.0.0.1:${port}`, '--keep-alive', '60',
  '--no-control-socket', '--log-level', 'critical']]

// 0.1 s is the shortest respawn interval that granian accepts; its default is 3.5 s.
const granian = ({ bin, app, workers }, { port }) => [join(bin, 'granian'), [app,
  '--interface', 'asgi',
  '--workers', String(workers), '--port', String(port), '--loop', 'uvloop', '--no-log',
  '--respawn-failed-workers', '--respawn-interval', '0.1']]

/** @type {{ [kind: string]: Kind }} */
export const kinds = {
  'node-asgi': { command: nodeAsgi({}) },
  'node-asgi, preload': { command: nodeAsgi({ preload: true }) },
  // The handler has no processes. It sends requests to uvicorn.
  'node-asgi, remote': {
    command: ({ upstream }, { port }) =>
      node('node-asgi-server.js', { port, remote: `unix:${upstream.socketPath}` }),
    upstream: 'uvicorn'
  },
  'node-asgi command': { command: commandLine([]) },
  // Each worker is replaced every few seconds.
  'node-asgi command, recycling': { command: commandLine(['--max-requests', '5000']) },
  // What users do today: node:http and undici's pool. http-proxy-3 pipes WebSockets as bytes.
  proxy: { command: proxy('pipe'), upstream: 'uvicorn' },
  // The same, but WebSockets end in Node, which relays each message (`ws` on both sides).
  relay: { command: proxy('relay'), upstream: 'uvicorn' },
  uvicorn: { command: uvicorn },
  granian: { command: granian },
  gunicorn: { command: gunicorn('asgi') },
  'python-node': {
    command: ({ library, docroot, app }, { port }) =>
      node('peer-server.js', { library, port, docroot, appTarget: app })
  },
  'gunicorn, uvicorn worker': { command: gunicorn('uvicorn_worker.UvicornWorker') },
  // Files only.
  'express.static': { command: (_, { port }) => node('express-server.js', { port }) },
  // The same hello without Python.
  'node:http': { command: (_, { port }) => node('bare-server.js', { port }) }
}

/** Versions of the npm packages that the other servers use. */
export const nodeVersions = () => ({
  undici: PINNED.undici, 'http-proxy-3': PINNED['http-proxy-3'], ws: packageVersion('ws')
})
