/**
 * `node-asgi/vite`: a plugin for Vite that serves a Python application next to the pages.
 * types/vite.d.ts declares it for users.
 *
 * `vite build` and Vitest read the same configuration, and start nothing. So the rest of this
 * package is loaded when a server is made, and Python starts when it listens.
 */

import { InvalidOptionError } from '../errors.js'
import { checkKeys, describe } from '../errors/unknown-key.js'
import { checkScope } from '../http/node-scope.js'
import { parsePrefix } from '../message/mount.js'

const KEYS = new Set(['python', 'prefix', 'scope', 'refresh'])

/** Vite watches everything below its root: an environment has thousands of files. */
const NO_SOURCES = '**/{.venv,venv,__pycache__}/**'

/** @param {any} [options] */
export default function pythonPlugin (options = {}) {
  const settings = parse(options)
  /**
   * By the object that Vite has for the pages of the server. When Vite restarts, the next server is
   * configured before the last one closes, sometimes with the same plugin.
   * @type {WeakMap<object, import('./vite-server.js').PythonServer>}
   */
  const servers = new WeakMap()

  /** @type {import('./vite-server.js').PythonServer | undefined} */
  let preview

  /**
   * @param {any} server of Vite
   * @param {boolean} isDevelopment
   */
  async function serve (server, isDevelopment) {
    const { PythonServer } = await import('./vite-server.js')
    return new PythonServer(server, settings, isDevelopment)
  }

  return {
    name: 'node-asgi',
    apply: 'serve',
    config: (/** @type {any} */ { server }) => server?.watch === null
      ? undefined
      : { server: { watch: { ignored: [NO_SOURCES] } } },
    async configureServer (/** @type {any} */ server) {
      const python = await serve(server, true)
      servers.set(server.environments.client, python)
    },
    async configurePreviewServer (/** @type {any} */ server) {
      preview = await serve(server, false)
    },
    // Of a server for development, also if that is middleware.
    closeBundle () {
      return servers.get(/** @type {any} */ (this).environment)?.close()
    },
    // Since Vite 8. Before, PythonServer notices it itself.
    closePreviewServer: () => preview?.close()
  }
}

/**
 * @param {any} options
 * @returns {import('./vite-server.js').Settings}
 */
function parse (options) {
  checkKeys(options, KEYS, 'node-asgi/vite', {
    app: "write python: { appTarget: 'main:app' }",
    appTarget: 'put the options of the handler into python: { appTarget }',
    docroot: 'put the options of the handler into python: { docroot }',
    handler: 'did you mean python?',
    watch: 'put the options of the handler into python: { watch }'
  }, 'option')
  const { python = {}, refresh = true } = options
  const prefix = parsePrefix(options.prefix ?? '/api')
  if (prefix === '') {
    throw new InvalidOptionError('prefix', "prefix must be a path such as '/api': Vite serves " +
      'the others')
  }
  if (typeof python !== 'object' || python === null) {
    throw new InvalidOptionError('python',
      `python must be a handler, or the options of one, not ${describe(python)}`)
  }
  if (typeof refresh !== 'boolean') {
    throw new InvalidOptionError('refresh', `refresh must be a boolean, not ${describe(refresh)}`)
  }
  return { python, prefix, scope: checkScope(options.scope), refresh }
}
