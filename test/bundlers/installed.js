/** What the tests in this folder have in common. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const folder = fileURLToPath(new URL('.', import.meta.url))
export const docroot = fileURLToPath(new URL('../../fixtures/apps', import.meta.url))
export const modules = join(folder, 'node_modules')

const [major, minor] = process.versions.node.split('.').map(Number)
const isOld = major < 20 || (major === 20 && minor < 19)

/** Why the tests are skipped, or false. */
export const skip = isOld
  ? 'the bundlers need Node.js 20.19'
  : existsSync(join(modules, '.node-asgi-stamp'))
    ? false
    : 'run `bash test/bundlers/run.sh` first'

/** A command of a package of this folder. */
export const tool = (/** @type {string} */ name) => join(modules, '.bin', name)

/** Loads a package of this folder when a test needs it. */
export const load = createRequire(import.meta.url)

/** A folder outside of the checkout, where nothing is installed. */
export function elsewhere (t) {
  const path = mkdtempSync(join(tmpdir(), 'node-asgi-bundlers-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/**
 * Runs a program until it ends.
 * @param {string[]} command
 * @param {{ cwd?: string, env?: Record<string, string> }} [options]
 * @returns {Promise<{ code: number | null, output: string }>} what it wrote to stdout and stderr
 */
export async function run ([program, ...args], { cwd = folder, env = {} } = {}) {
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, DOCROOT: docroot, NEXT_TELEMETRY_DISABLED: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => { output += text })
  }
  const [code] = await once(child, 'close')
  return { code, output }
}
