/** Examples as their users have them: a folder with the published package and what it needs. */

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { installPackage, removePackage } from '../support/installed-package.js'
import { FOLDER, PYTHON } from './installed.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Milliseconds for a command. Building an application of Next.js takes the longest. */
const LIMIT = 240_000

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
   * Starts a server in an example.
   * @param {string} example
   * @param {string[]} command
   * @param {Record<string, string>} [env]
   */
  start (example, command, env) {
    const { file, args, options } = this.#prepare(example, command, env)
    const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'inherit'] })
    const closed = once(child, 'close')
    return {
      /**
       * Waits for a line that matches.
       * @param {RegExp} pattern
       * @returns {Promise<string>}
       */
      async find (pattern) {
        for await (const line of createInterface(child.stdout)) {
          const found = pattern.exec(line)
          if (found === null) continue
          child.stdout.resume()
          return found[0]
        }
        throw new Error(`${command.join(' ')} ended without ${pattern}`)
      },
      stop () {
        child.kill('SIGINT')
        return closed
      }
    }
  }

  /**
   * Runs a command in an example.
   * @param {string} example
   * @param {string[]} command the name of a program of a package, and its arguments
   * @returns {Promise<{ code: number, output: string }>}
   */
  async run (example, command, env) {
    const { file, args, options } = this.#prepare(example, command, env)
    try {
      const { stdout, stderr } = await promisify(execFile)(file, args,
        { ...options, timeout: LIMIT })
      return { code: 0, output: stdout + stderr }
    } catch (error) {
      return { code: error.code ?? error.signal, output: `${error.stdout}${error.stderr}` }
    }
  }

  #prepare (example, [program, ...args], env = {}) {
    const { NODE_TEST_CONTEXT, NODE_OPTIONS, ...inherited } = process.env
    const bin = join(this.folder, 'node_modules/.bin')
    return {
      file: program === 'node' ? process.execPath : join(bin, program),
      args,
      options: {
        cwd: join(this.folder, example),
        env: {
          ...inherited,
          VIRTUAL_ENV: join(PYTHON, '../..'),
          NEXT_TELEMETRY_DISABLED: '1',
          NO_COLOR: '1',
          ...env
        }
      }
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
