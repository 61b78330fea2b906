/** What the Dockerfile of examples/kubernetes puts into its image, in a folder. */

import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { VENV_PYTHON } from '../../support/harness.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const EXAMPLE = join(ROOT, 'examples/kubernetes')

const DOCKERFILE = readFileSync(join(EXAMPLE, 'Dockerfile'), 'utf8')
const [build] = DOCKERFILE.split(/^# Has what runs/m)

/** What is copied from the folder of the example; npm writes package-lock.json. @type {string[]} */
export const COPIED = [...build.matchAll(/^COPY (.*) \.\/$/gm)]
  .flatMap(([, names]) => names.split(' '))

/** @type {string[]} */
export const ENTRYPOINT = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(DOCKERFILE)?.[1] ?? 'null')

/**
 * Does the steps of the Dockerfile, but takes packages that are already installed.
 * @param {string} folder a new one
 */
export function assemble (folder) {
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true })
  for (const name of COPIED.filter((each) => each !== 'package-lock.json')) {
    cpSync(join(EXAMPLE, name), join(folder, name))
  }
  symlinkSync(ROOT, join(folder, 'node_modules/node-asgi'))
  symlinkSync('../node-asgi/addon/bin/node-asgi.js', join(folder, 'node_modules/.bin/node-asgi'))
  symlinkSync(dirname(dirname(VENV_PYTHON)), join(folder, '.venv'))
  const [, command] = /^RUN (\.venv\/bin\/python .*)$/m.exec(build) ?? []
  execFileSync('sh', ['-euc', command], { cwd: folder })
}
