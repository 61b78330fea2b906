/** Examples as their users have them: a folder with the published package and what it needs. */

import { execFile } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { installPackage, removePackage } from '../support/installed-package.js'
import { FOLDER, PYTHON } from './installed.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const LIMIT = 120_000

/** A copy of the examples, which have one `node_modules` in common. */
export class Project {
  /** @param {string[]} examples */
  static async create (...examples) {
    const project = new Project()
    project.folder = await installPackage()
    link(join(FOLDER, 'node_modules'), join(project.folder, 'node_modules'))
    for (const from of [ROOT, FOLDER]) {
      link(join(from, 'node_modules/.bin'), join(project.folder, 'node_modules/.bin'))
    }
    // As npm does it.
    const command = join(project.folder, 'node_modules/node-asgi/addon/implementation/node-asgi.js')
    chmodSync(command, 0o755)
    symlinkSync(command, join(project.folder, 'node_modules/.bin/node-asgi'))
    for (const name of examples) {
      cpSync(join(ROOT, 'examples', name), join(project.folder, name), {
        recursive: true,
        filter: (path) => !/\/(node_modules|\.next|\.venv|dist)$/.test(path)
      })
    }
    return project
  }

  /**
   * Runs a command in an example.
   * @param {string} example
   * @param {string[]} command the name of a program of a package, and its arguments
   * @returns {Promise<{ code: number, output: string }>}
   */
  async run (example, [program, ...args], env = {}) {
    const { NODE_TEST_CONTEXT, NODE_OPTIONS, ...inherited } = process.env
    const bin = join(this.folder, 'node_modules/.bin')
    const file = program === 'node' ? process.execPath : join(bin, program)
    const options = {
      cwd: join(this.folder, example),
      env: { ...inherited, VIRTUAL_ENV: join(PYTHON, '../..'), NO_COLOR: '1', ...env },
      timeout: LIMIT
    }
    try {
      const { stdout, stderr } = await promisify(execFile)(file, args, options)
      return { code: 0, output: stdout + stderr }
    } catch (error) {
      return { code: error.code ?? error.signal, output: `${error.stdout}${error.stderr}` }
    }
  }

  remove () {
    removePackage(this.folder)
  }
}

/** Puts links to the packages of a folder into another, instead of what is there. */
function link (from, to) {
  mkdirSync(to, { recursive: true })
  for (const name of readdirSync(from)) {
    if (name.startsWith('.') || name === 'node-asgi') continue
    const target = join(to, name)
    rmSync(target, { force: true, recursive: true })
    symlinkSync(join(from, name), target)
  }
}
