/** Whether the clients are installed, and where the applications are that they talk to. */

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const FOLDER = fileURLToPath(new URL('.', import.meta.url))
export const docroot = fileURLToPath(new URL('apps', import.meta.url))
export const PYTHON = fileURLToPath(new URL('.venv/bin/python3', import.meta.url))

const isInstalled = ['node_modules/.node-asgi-stamp', '.venv/installed']
  .every((name) => existsSync(new URL(name, import.meta.url)))

/** Why the tests are skipped, or false. */
export const skip = isInstalled ? false : 'run `bash test/clients/setup.sh` first'
