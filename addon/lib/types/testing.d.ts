import type { PythonHandler } from './handler.js'
import type { PythonHandlerOptions } from './options.js'

/** What replaces a dependency of FastAPI. */
export type Override =
  /** Where a function is, as `package.module:attribute`; it may be a generator, too. */
  | string
  /** What the dependency returns: anything that JSON can express. Each request gets a copy. */
  | { value: unknown }

/** What a test sets in addition to the options of a handler, or has another default. */
export interface TestOptions {
  /**
   * The dependencies of FastAPI to replace, by their places, such as `main:get_db`. They are set as
   * `dependency_overrides` of the application, and of those that it wraps or mounts.
   * @defaultValue `{}`
   * @throws `ERR_INVALID_OPTION` if an override has another form. `testPython()` rejects with
   *   `ERR_APP_IMPORT` if Python finds no such dependency or replacement, or if the application is
   *   not of FastAPI.
   */
  overrides?: Record<string, Override>

  /**
   * The number of worker processes.
   * @defaultValue 1
   */
  workers?: number

  /**
   * Time limits.
   * @defaultValue those of a handler, but `drain` is 1000: a test has no clients to wait for
   */
  timeouts?: PythonHandlerOptions['timeouts']
}

/** The options of `testPython()`: those of a handler, and {@link TestOptions}. */
export type TestPythonOptions = PythonHandlerOptions & TestOptions

/**
 * Starts an application for tests, and resolves when it is ready.
 *
 * If a test does not close the handler, that happens when the tests of the file have run (in
 * node:test, in Jest, and in Vitest with `globals: true`), or when their process ends.
 * @throws Rejects with a `StartupError`, which has the Python traceback, if the application cannot
 *   start, and with what the constructor of `PythonHandler` throws.
 * @example
 * ```js
 * import { testPython } from 'node-asgi/testing'
 *
 * const python = await testPython({ env: { DATABASE_URL: 'sqlite://' } })
 * console.log((await python.fetch('/')).status)
 * await python.close()
 * ```
 */
export function testPython (options?: TestPythonOptions | null): Promise<PythonHandler>
