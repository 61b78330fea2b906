/** One or two Ray nodes on this machine, which cluster.py starts and ends. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const PYTHON = fileURLToPath(new URL('.venv/bin/python', import.meta.url))

/** Why a test is skipped, or false. */
export const skip = !existsSync(fileURLToPath(new URL('.venv/installed', import.meta.url))) &&
  'needs Ray Serve; bash test/scale/ray/run.sh installs it (500 MB)'

/**
 * @typedef {object} Status
 * @property {boolean} running
 * @property {number} replicas that are ready
 * @property {number} proxies that take requests
 * @property {number} nodes that are alive
 */

/** @returns {Promise<number>} a port that was free a moment ago */
async function freePort () {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

export class Cluster {
  /** @returns {Promise<Cluster>} one node, when the application is ready */
  static async start () {
    const ports = [await freePort(), await freePort()]
    // The paths of its unix sockets may not be long.
    const folder = mkdtempSync(join(tmpdir(), 'ray-'))
    const child = spawn(PYTHON, [fileURLToPath(new URL('cluster.py', import.meta.url)),
      ...ports.map(String), folder], { stdio: ['pipe', 'pipe', 'pipe'] })
    const cluster = new Cluster(child, ports, folder)
    try {
      await cluster.#answer()
    } catch (error) {
      await cluster.stop()
      throw error
    }
    return cluster
  }

  #log = ''

  constructor (child, ports, folder) {
    this.child = child
    this.folder = folder
    this.urls = ports.map((port) => `http://127.0.0.1:${port}`)
    this.ended = once(child, 'close')
    this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    child.stderr.setEncoding('utf8').on('data', (text) => { this.#log += text })
  }

  /** @returns {Promise<Status>} */
  status () {
    return this.#ask('status')
  }

  /** Starts the second node. */
  add () {
    return this.#ask('add')
  }

  /** Kills all processes of the second node. */
  kill () {
    return this.#ask('kill')
  }

  async stop () {
    this.child.stdin.end()
    await this.ended
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** @param {string} command */
  #ask (command) {
    this.child.stdin.write(`${command}\n`)
    return this.#answer()
  }

  async #answer () {
    const { done, value } = await this.lines.next()
    if (done) throw new Error(`the cluster has ended:\n${this.#log}`)
    return JSON.parse(value)
  }
}
