/**
 * The systems that cells run in: this machine, or a root file system that a script makes.
 */

import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { NODE } from './cells.js'
import { PLATFORMS } from './places.js'
import { runtimeFolder } from './runtimes.js'

const script = (name) => fileURLToPath(new URL(name, import.meta.url))

/** A cell cannot run on this machine. The message says why. */
export class Unavailable extends Error {}

/** The exit code of a script that cannot download something. */
const NOT_THERE = 75

/** Runs one of the scripts here and shows what it does. */
async function make (name, ...args) {
  const child = spawn('bash', [script(name), ...args], { stdio: ['ignore', 'inherit', 'inherit'] })
  const code = await new Promise((resolve) => child.once('exit', resolve))
  if (code === NOT_THERE) throw new Unavailable(`the sources of ${args.join('-')} are not there`)
  if (code !== 0) throw new Error(`${name} ${args.join(' ')} failed`)
}

/** An interpreter of this machine: from PATH, or of pyenv. */
async function findPython (version) {
  const name = version === 'python3' ? version : `python${version}`
  const pyenv = join(process.env.PYENV_ROOT ?? join(homedir(), '.pyenv'), 'versions')
  const versions = await readdir(pyenv).catch(() => [])
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    ...versions.filter((found) => found.startsWith(`${version}.`))
      .map((found) => join(pyenv, found, 'bin'))
  ]
  for (const folder of folders) {
    const file = join(folder, name)
    if (!existsSync(file)) continue
    // A shim of pyenv exists for versions that are not active, too. Those fail.
    const found = await promisify(execFile)(file, ['-c', 'import sys; print(sys.executable)'])
      .catch(() => undefined)
    if (found !== undefined) return found.stdout.trim()
  }
  throw new Unavailable(`there is no ${name} on PATH or in pyenv`)
}

/**
 * What a cell runs in.
 * @typedef {object} System
 * @property {string[]} prefix goes before each command
 * @property {string} path the PATH of commands
 * @property {string} python the interpreter
 */

/**
 * Brings everything that a cell needs.
 * @param {import('./cells.js').Cell} cell
 * @returns {Promise<System>}
 * @throws {Unavailable}
 */
export async function prepare ({ root, runtime, python }) {
  const asks = root !== undefined || python.includes('-')
  if (asks && process.getuid?.() !== 0) throw new Unavailable('needs root')
  if (asks && process.arch !== 'x64') throw new Unavailable('needs a machine with x64')
  if (root === 'musl') await make('musl.sh')
  else if (root !== undefined) await make('debian.sh', root)
  const bins = [join(await runtimeFolder(runtime), 'bin')]
  // npm is a program for Node.js, whatever runs the application.
  if (runtime.kind !== 'node') bins.push(join(await runtimeFolder(NODE), 'bin'))
  if (root === undefined) {
    return { prefix: [], path: bins.join(delimiter), python: await findPython(python) }
  }
  const [kind, version] = python.split('-')
  if (version !== undefined) await make('interpreter.sh', kind, version)
  return {
    prefix: [script('enter.sh'), join(PLATFORMS, 'roots', root)],
    path: [...bins, '/usr/bin', '/bin'].join(delimiter),
    python: version === undefined
      ? '/usr/bin/python3'
      : join(PLATFORMS, 'pythons', python, 'opt/python/bin/python3')
  }
}
