/**
 * The Python process that forks the workers: starts it, passes messages, ends it. What to fork and
 * when is the supervisor's business.
 */

import { spawn } from 'node:child_process'

import { workerMain, workerModulePath } from '../binding.js'
import { StartupError, preloadError } from '../errors.js'
import { guard } from '../util/guard.js'
import { LineReader } from './line-reader.js'
import { parseInfo } from './process-info.js'

/** @typedef {{ pid: number, python: string, executable: string, threads: string[] }} ServerInfo */

/**
 * @typedef {object} ServerOwner
 * @property {(server: ForkServer, info: ServerInfo) => void} onServerReady
 * @property {(server: ForkServer, error: Error) => void} onServerGone once, whatever happened
 * @property {(worker: number, pid: number) => void} onForked
 * @property {(worker: number, pid: number, code: number | null, signal: number) => void} onExited
 * @property {(name: 'stdout' | 'stderr', line: string, level: import('./line-reader.js').Level | null,
 *   pid: number) => void} onServerLine
 */

/**
 * What it needs of the operating system.
 * @typedef {object} System
 * @property {typeof spawn} spawn
 * @property {(pid: number, signal: NodeJS.Signals) => unknown} kill
 */

/** @type {System} */
const SYSTEM = { spawn, kill: process.kill }

/** @type {ServerInfo} */
const READY_INFO = { pid: 0, python: '', executable: '', threads: [] }

/** Lines of the server's stderr that are kept for the message, should it not start. */
const KEPT_LINES = 50

/** How long what it printed last may take to arrive after it is gone. */
const LAST_WORDS = 250

/** How long a killed process may take to be reaped. */
const REAP = 1000

export class ForkServer {
  /** @type {import('../binding.js').Control} */
  #control

  /** @type {import('node:child_process').ChildProcess | null} */
  #child = null

  /** @type {LineReader[]} */
  #output = []

  /** @type {Array<['stdout' | 'stderr', string, import('./line-reader.js').Level | null]>} printed before it was ready */
  #early = []

  /** @type {NodeJS.Timeout | null} */
  #deadline = null

  /** @type {Error | null} */
  #error = null

  #exited = false
  #closed = false
  #killed = false
  #reported = false
  #closing = false

  /**
   * @param {object} parts
   * @param {import('../binding.js').Binding} parts.binding
   * @param {import('../options.js').Settings} parts.settings
   * @param {string} parts.python
   * @param {Record<string, string | undefined>} parts.env
   * @param {ServerOwner} parts.owner
   * @param {System} [parts.system]
   */
  constructor ({ binding, settings, python, env, owner, system = SYSTEM }) {
    this.settings = settings
    this.python = python
    this.env = env
    this.owner = owner
    this.system = system
    this.ready = false
    this.pid = 0
    this.#control = new binding.Control(guard((message) => this.#onMessage(message)))
    this.#control.ref()
  }

  get control () {
    return this.#control
  }

  /** It has ended, or is about to: no worker will come from it. */
  get lost () {
    return this.#error !== null || this.#exited || this.#closed || this.#reported
  }

  start () {
    const control = this.#control
    let child
    try {
      child = this.system.spawn(this.python, ['-u', workerMain], {
        cwd: this.settings.docroot,
        env: { ...this.env, NODE_ASGI_WORKER_MODULE: workerModulePath },
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe', control.childFd, control.lifelineFd]
      })
    } catch (error) {
      process.nextTick(() => this.#onSpawnError(/** @type {Error} */ (error)))
      return
    } finally {
      control.spawned(child?.pid)
    }
    this.#child = child
    child.on('error', (error) => this.#onSpawnError(error))
    child.on('exit', (code, signal) => this.#onExit(code, signal))
    if (child.pid === undefined) return
    this.pid = child.pid
    this.#capture('stdout', child.stdout)
    this.#capture('stderr', child.stderr)
    this.#tell(() => control.init(JSON.stringify(serverSettings(this.settings))))
    const { startup } = this.settings.timeouts
    this.#deadline = setTimeout(() => this.abandon(new StartupError('ERR_STARTUP_TIMEOUT',
      `the fork server (${this.python}) did not start within ${startup} ms; look at what the ` +
      'modules of the preload option do at import, or raise timeouts.startup')), startup)
  }

  /**
   * @param {import('./worker.js').Worker} worker
   * @throws when the descriptors that a worker needs are not to be had
   */
  fork (worker) {
    this.#tell(() => worker.output.attach(this.#control.fork(worker.id, worker.channel)))
  }

  /**
   * @param {number} worker id
   * @param {number} signal
   */
  kill (worker, signal) {
    if (!this.lost) this.#tell(() => this.#control.kill(worker, signal))
  }

  /** @param {boolean} wanted whether it keeps this process alive */
  hold (wanted) {
    if (this.#reported) return
    if (wanted) this.#control.ref()
    else this.#control.unref()
  }

  /**
   * It does not do its part: kills it and all its workers.
   * @param {Error} error
   */
  abandon (error) {
    if (this.#reported) return
    this.#error ??= error
    this.#killGroup()
    this.#report()
  }

  /**
   * Ends it; its workers have ended before, or end with it.
   * @param {number} timeout milliseconds until it is killed
   */
  async close (timeout) {
    this.#closing = true
    this.#release()
    const child = this.#child
    if (child !== null && child.pid !== undefined && !this.#exited) {
      child.ref()
      if (!await this.#exitWithin(timeout)) {
        this.#killGroup()
        await this.#exitWithin(REAP)
      }
    }
    await Promise.all(this.#output.map((output) => output.close(LAST_WORDS)))
  }

  /**
   * @param {number} timeout
   * @returns {Promise<boolean>}
   */
  #exitWithin (timeout) {
    if (this.#exited) return Promise.resolve(true)
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(this.#exited), timeout)
      this.#child?.once('exit', () => {
        clearTimeout(timer)
        resolve(true)
      })
    })
  }

  #release () {
    if (this.#reported) return
    if (this.#deadline !== null) clearTimeout(this.#deadline)
    this.#deadline = null
    this.#reported = true
    this.#control.close()
  }

  // The server leads a process group, in which is what a preloaded module may have started. Workers
  // lead groups of their own; the kernel ends them with the server.
  #killGroup () {
    if (this.#exited || this.pid === 0 || this.#killed) return
    this.#killed = true
    try {
      this.system.kill(-this.pid, 'SIGKILL')
    } catch {
      // It has ended in between.
    }
  }

  /**
   * @param {'stdout' | 'stderr'} name
   * @param {import('node:stream').Readable | null} stream
   */
  #capture (name, stream) {
    if (stream === null) return
    this.#output.push(new LineReader(stream, (line, level) => {
      if (this.ready || this.#closing) this.owner.onServerLine(name, line, level, this.pid)
      else if (this.#early.push([name, line, level]) > KEPT_LINES) this.#early.shift()
    }))
  }

  /** @param {import('../binding.js').ControlMessage} message */
  #onMessage (message) {
    switch (message.type) {
      case 'server_ready':
        this.#onReady(message.info)
        break
      case 'server_failed':
        this.#error ??= preloadError(message.errorType, message.message, message.traceback)
        break
      case 'forked':
        this.owner.onForked(message.worker, message.pid)
        break
      case 'exited':
        this.owner.onExited(message.worker, message.pid, message.code, message.signal)
        break
      case 'closed':
        this.#onClosed()
        break
      case 'corrupt':
        this.abandon(new StartupError('ERR_PYTHON_FAILED',
          `the fork server broke the protocol: ${message.message}`))
        break
    }
  }

  /** @param {string} json */
  #onReady (json) {
    if (this.lost || this.ready) return
    const info = parseInfo(json, READY_INFO)
    if (info === null) {
      return this.abandon(new StartupError('ERR_PYTHON_FAILED',
        'the fork server broke the protocol: what it said of itself is not readable'))
    }
    this.ready = true
    if (this.#deadline !== null) clearTimeout(this.#deadline)
    this.#child?.unref()
    this.#control.unref()
    this.#flushEarly()
    this.owner.onServerReady(this, info)
  }

  #flushEarly () {
    for (const [name, line, level] of this.#early) {
      this.owner.onServerLine(name, line, level, this.pid)
    }
    this.#early = []
  }

  /** @param {Error & { code?: string }} error */
  #onSpawnError (error) {
    this.#exited ||= this.pid === 0
    const code = error.code === 'ENOENT' ? 'ERR_PYTHON_NOT_FOUND' : 'ERR_PYTHON_FAILED'
    this.#error ??= new StartupError(code,
      `${this.python} could not be run (${error.message}); point the python option at ` +
      'Python 3.10 or later', { cause: error })
    this.#report()
  }

  /**
   * @param {number | null} code
   * @param {NodeJS.Signals | null} signal
   */
  #onExit (code, signal) {
    this.#exited = true
    this.#control.reaped()
    this.#afterLastWords(signal === null ? `exited with code ${code}` : `was ended by ${signal}`)
  }

  /**
   * A server that takes no message has ended, or is about to. Its end is reported as ever.
   * @param {() => void} send
   */
  #tell (send) {
    try {
      send()
    } catch (error) {
      if (/** @type {{ code?: string }} */ (error).code !== 'ERR_PYTHON_FAILED') throw error
      this.#onClosed()
    }
  }

  // It has closed its end. Usually it is about to exit, and how it does is worth waiting for.
  #onClosed () {
    if (this.#closed) return
    this.#closed = true
    if (this.#exited || this.#reported) return
    setTimeout(() => {
      if (this.#exited || this.#reported) return
      this.#killGroup()
      this.#afterLastWords('closed its control socket')
    }, LAST_WORDS)
  }

  /** @param {string} how */
  async #afterLastWords (how) {
    if (this.#reported) return
    await Promise.all(this.#output.map((output) => output.close(LAST_WORDS)))
    this.#error ??= this.#failure(how)
    this.#report()
  }

  /** @param {string} how */
  #failure (how) {
    if (this.ready) {
      return new StartupError('ERR_PYTHON_FAILED',
        `the fork server (${this.python}, pid ${this.pid}) ${how}; it is started again`)
    }
    const printed = this.#early.filter(([name]) => name === 'stderr').map(([, line]) => line)
    this.#early = this.#early.filter(([name]) => name !== 'stderr')
    const words = printed.length === 0 ? '' : `:\n\n${printed.join('\n')}`
    return new StartupError('ERR_PYTHON_FAILED',
      `the fork server (${this.python}) ${how} before it was ready${words}`)
  }

  #report () {
    if (this.#reported) return
    this.#release()
    this.#flushEarly()
    this.owner.onServerGone(this, /** @type {Error} */ (this.#error))
  }
}

/**
 * What the Python side has to know; its times are in seconds.
 * @param {import('../options.js').Settings} settings
 */
function serverSettings (settings) {
  const { docroot, appTarget, factory, interface: name, threads, preload, lifespan, loop, rootPath, spin, timeouts } = settings
  return {
    docroot,
    appTarget,
    factory,
    interface: name,
    threads,
    preload,
    lifespan,
    loop,
    rootPath,
    spin,
    timeouts: {
      startup: timeouts.startup / 1000,
      shutdown: timeouts.shutdown / 1000,
      cancel: timeouts.cancel / 1000
    }
  }
}
