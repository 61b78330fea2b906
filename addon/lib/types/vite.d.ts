import type { PythonHandler, ScopeOption } from './handler.js'
import type { PythonHandlerOptions } from './options.js'

/** Options of the plugin. */
export interface VitePythonOptions {
  /**
   * The handler, or the options of one. The plugin closes the handler that it makes when the server
   * closes or restarts. It gives it Vite's logger, and in development `watch: true`. A handler of
   * yours is yours to close.
   * @defaultValue `{}`, which makes a handler with the default options
   */
  python?: PythonHandler | PythonHandlerOptions
  /**
   * The path to serve the application under. It becomes the `root_path` of the scopes, and Vite
   * serves all other paths. Vite's option `base` does not apply to it.
   * @defaultValue `'/api'`
   */
  prefix?: string
  /** What Node tells Python about a request or a WebSocket. */
  scope?: ScopeOption
  /**
   * Whether the pages in browsers reload after Python has. Only in development.
   * @defaultValue true
   */
  refresh?: boolean
}

/** What Vite calls. It has no types of Vite, so it fits every version of them. */
export interface VitePythonPlugin {
  name: 'node-asgi'
  apply: 'serve'
  config (config: any): any
  configureServer (server: any): Promise<void>
  configurePreviewServer (server: any): Promise<void>
  closeBundle (): Promise<void> | undefined
  closePreviewServer (): Promise<void> | undefined
}

/**
 * A plugin for Vite 6, 7 and 8 that serves a Python application in `vite dev` and `vite preview`.
 * In development, Python and then the pages reload when a Python file changes, and the error
 * overlay shows the traceback when the application cannot be started or raises an exception.
 * WebSockets below the prefix go to Python, and Vite keeps its own. `vite build` and Vitest start
 * no Python.
 * @throws `ERR_INVALID_OPTION` if an option is not valid.
 * @example
 * ```js
 * // vite.config.mjs
 * import { defineConfig } from 'vite'
 * import python from 'node-asgi/vite'
 *
 * export default defineConfig({
 *   plugins: [python({ prefix: '/api', python: { appTarget: 'main:app' } })]
 * })
 * ```
 */
export default function python (options?: VitePythonOptions): VitePythonPlugin
