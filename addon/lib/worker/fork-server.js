/**
 * The Python process that forks the workers. A ForkServer starts and ends it, asks it for workers,
 * and tells each worker what has become of its process. Its owner decides what to fork and when.
 */

import { spawn } from 'node:child_process'

import { workerMain, workerModule } from '../binding.js'
import { StartupError, preloadError } from '../errors.js'
import { Deadline } from '../util/deadline.js'
import { guard } from '../util/guard.js'
import { optionName } from '../util/option-name.js'
import { Confinement } from './confinement.js'
import { parseInfo } from './process-info.js'
import { ServerOutput } from './server-output.js'
import { serverSettings } from './server-settings.js'
import { hasTerminal, sharedTerminal } from './terminal.js'

/** @typedef {import('./line-reader.js').Level} Level */
/** @typedef {{ pid: number, python: string, executable: string, threads: string[] }} ServerInfo */

/**
 * What the owner of a fork server implements.
 * @typedef {object} ServerOwner
 * @property {(server: ForkServer, info: ServerInfo) => void} onServerReady
 * @property {(server: ForkServer, error: Error) => void} onServerGone called once, whatever
 *   happened; its workers have ended with it
 * @property {(name: 'stdout' | 'stderr', line: string, level: Level | null,
 *   pid: number) => void} onServerLine
 */

/**
 * A worker, as far as the fork server has to do with it.
 * @typedef {object} Forkable
 * @property {number} id
 * @property {number} pid 0 as long as it is not known
 * @property {import('../binding.js').Channel} channel
 * @property {(sources: { stdout: import('../binding.js').OutputSource,
 *   stderr: import('../binding.js').OutputSource }) => void} forking its process has been asked for
 * @property {(pid: number) => void} forked its process exists
 * @property {(code: number | null, signal: number, pid: number) => void} exited its process has
 *   ended
 */

/**
 * What a fork server needs from the operating system.
 * @typedef {object} System
 * @property {typeof spawn} spawn
 * @property {(pid: number, signal: NodeJS.Signals) => unknown} kill
 * @property {() => boolean} hasTerminal
 */

/** @type {System} */
const SYSTEM = { spawn, kill: process.kill, hasTerminal }

/** @type {ServerInfo} */
const READY_INFO = { pid: 0, python: '', executable: '', threads: [] }

/** Milliseconds that its last output may take to arrive after it has ended. */
const LAST_WORDS = 250

/** The exit code of main.py if it cannot run in this interpreter (EX_CONFIG of sysexits.h). */
const UNUSABLE = 78

/** Milliseconds that a killed process may take to be reaped. */
const REAP = 1000

export class ForkServer {
  /** @type {import('../binding.js').Control} */
  #control

  /** @type {import('node:child_process').ChildProcess | null} */
  #child = null

  /** @type {ServerOutput} */
  #output

  /** @type {Map<number, Forkable>} workers whose end has not been reported, by id */
  #workers = new Map()

  /** @type {Confinement} */
  #confinement

  /** @type {import('./terminal.js').Terminal | null} of this process, which its worker gets, too */
  #terminal

  #deadline = new Deadline()

  /** @type {Error | null} */
  #error = null

  /** It has said that it cannot run in this interpreter. */
  #refused = false

  #startedAt = 0
  #exited = false
  #closed = false
  #killed = false
  #reported = false

  /**
   * @param {object} parts
   * @param {import('../binding.js').Binding} parts.binding
   * @param {import('../options.js').Settings} parts.settings
   * @param {string} parts.python path
   * @param {import('../interpreter/interpreter.js').Interpreter} parts.interpreter for messages
   * @param {Record<string, string | undefined>} parts.env
   * @param {ServerOwner} parts.owner
   * @param {System} [parts.system]
   */
  constructor ({ binding, settings, python, interpreter, env, owner, system = SYSTEM }) {
    this.settings = settings
    this.python = python
    this.interpreter = interpreter
    this.env = env
    this.owner = owner
    this.system = system
    this.ready = false
    /** @type {number | null} milliseconds that it took to become ready */
    this.startTime = null
    this.pid = 0
    this.#confinement = new Confinement(settings)
    this.#terminal = sharedTerminal(settings, system.hasTerminal)
    this.#output = new ServerOutput(binding.logMarks,
      (name, line, level) => this.owner.onServerLine(name, line, level, this.pid))
    this.#control = new binding.Control(guard((message) => this.#onMessage(message)))
    this.#control.ref()
  }

  get control () {
    return this.#control
  }

  /** Whether it has ended, or is about to: it forks no more workers. */
  get lost () {
    return this.#error !== null || this.#exited || this.#closed || this.#reported
  }

  start () {
    this.#startedAt = performance.now()
    const control = this.#control
    const terminal = this.#terminal
    let child
    try {
      const { args, env } = this.#confinement.open(workerMain)
      child = this.system.spawn(this.python, args, {
        cwd: this.settings.docroot,
        env: { ...this.env, ...env, NODE_ASGI_WORKER_MODULE: workerModule() },
        // With the terminal it stays in the process group of this process, as ^C and ^Z need it.
        detached: terminal === null,
        ...this.#confinement.identity,
        stdio: [terminal === null ? 'ignore' : 'inherit', 'pipe', 'pipe', control.childFd,
          control.lifelineFd, ...(terminal === null ? [] : [terminal.stdio])]
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
    this.#output.capture('stdout', child.stdout)
    this.#output.capture('stderr', child.stderr)
    terminal?.attach(child.stdio.at(-1))
    this.#tell(() => control.init(JSON.stringify(
      { ...serverSettings(this.settings, terminal !== null), ...this.#confinement.settings })))
    const { startup } = this.settings.timeouts
    this.#deadline.expect(startup, () => this.abandon(new StartupError('ERR_STARTUP_TIMEOUT',
      `the fork server did not start within ${startup} ms under ${this.interpreter}; check what ` +
      `the modules listed in ${optionName('preload')} do at import, or raise ` +
      optionName('timeouts.startup'))))
  }

  /**
   * Asks for the process of a worker, which is told what becomes of it.
   * @param {Forkable} worker
   * @throws when there are not enough file descriptors
   */
  fork (worker) {
    this.#tell(() => {
      const sources = this.#control.fork(worker.id, worker.channel)
      this.#workers.set(worker.id, worker)
      for (const source of Object.values(sources)) this.#confinement.give(source)
      worker.forking(sources)
    })
  }

  /**
   * @param {number} worker id
   * @param {number} signal
   */
  kill (worker, signal) {
    if (!this.lost) this.#tell(() => this.#control.kill(worker, signal))
  }

  /** @param {boolean} wanted whether it should keep this process alive */
  hold (wanted) {
    if (this.#reported) return
    if (wanted) this.#control.ref()
    else this.#control.unref()
  }

  /**
   * Kills it and all its workers, because it does not work as it should.
   * @param {Error} error
   */
  abandon (error) {
    if (this.#reported) return
    this.#error ??= error
    this.#killGroup()
    this.#report()
  }

  /**
   * Ends it. Workers that have not ended before end with it.
   * @param {number} timeout milliseconds until it is killed
   */
  async close (timeout) {
    this.#output.live = true
    this.#release()
    const child = this.#child
    if (child !== null && child.pid !== undefined && !this.#exited) {
      child.ref()
      if (!await this.#exitWithin(timeout)) {
        this.#killGroup()
        await this.#exitWithin(REAP)
      }
    }
    await this.#output.close(LAST_WORDS)
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
    this.#deadline.met()
    this.#reported = true
    this.#control.close()
    this.#terminal?.close()
  }

  // The server leads a process group that includes what preloaded modules have started. Workers
  // lead groups of their own; the kernel ends them with the server. With the terminal, all are in
  // the group of this process.
  #killGroup () {
    if (this.#exited || this.pid === 0 || this.#killed) return
    this.#killed = true
    try {
      this.system.kill(this.#terminal === null ? -this.pid : this.pid, 'SIGKILL')
    } catch {
      // It has ended in the meantime.
    }
  }

  /** @param {import('../binding.js').ControlMessage} message */
  #onMessage (message) {
    switch (message.type) {
      case 'server_ready':
        this.#onReady(message.info)
        break
      case 'server_failed':
        this.#error ??= preloadError(`${this.interpreter}`,
          this.settings.preload === true ? 'appTarget' : 'preload',
          message.errorType, message.message, message.traceback)
        break
      case 'forked':
        this.#workers.get(message.worker)?.forked(message.pid)
        break
      case 'exited': {
        const worker = this.#workers.get(message.worker)
        this.#workers.delete(message.worker)
        this.#terminal?.release()
        worker?.exited(message.code, message.signal, message.pid)
        break
      }
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
        'the fork server broke the protocol: its ready message could not be parsed'))
    }
    this.ready = true
    this.startTime = performance.now() - this.#startedAt
    this.#deadline.met()
    this.#child?.unref()
    this.#control.unref()
    this.#output.live = true
    this.#output.flush()
    this.owner.onServerReady(this, info)
  }

  /** @param {Error & { code?: string }} error */
  #onSpawnError (error) {
    this.#exited ||= this.pid === 0
    if (this.#exited) this.#confinement.close()
    const code = error.code === 'ENOENT' ? 'ERR_PYTHON_NOT_FOUND' : 'ERR_PYTHON_FAILED'
    this.#error ??= error instanceof StartupError
      ? error
      : new StartupError(code,
        `could not run ${this.interpreter}: ${error.message}; ` + this.#spawnAdvice(),
        { cause: error })
    this.#report()
  }

  #spawnAdvice () {
    const { user } = this.settings.isolation
    return user === undefined
      ? `set ${optionName('python')} to the path of Python 3.10 or later`
      : `the user ${user.name} (${optionName('isolation.user')}) must be able to execute it, and ` +
        `to enter ${this.settings.docroot}`
  }

  /**
   * @param {number | null} code
   * @param {NodeJS.Signals | null} signal
   */
  #onExit (code, signal) {
    this.#exited = true
    this.#refused = code === UNUSABLE
    this.#confinement.close()
    this.#control.reaped()
    for (const { pid } of this.#workers.values()) if (pid !== 0) this.#control.reapOrphan(pid)
    this.#afterLastWords(signal === null ? `exited with code ${code}` : `was ended by ${signal}`)
  }

  /**
   * A server that does not take a message has ended, or is about to. Its end is reported as usual.
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

  // It has closed its end of the socket. Usually it is about to exit; wait to learn how.
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
    await this.#output.close(LAST_WORDS)
    this.#error ??= this.#failure(how)
    this.#report()
  }

  /** @param {string} how */
  #failure (how) {
    if (this.ready) {
      return new StartupError('ERR_PYTHON_FAILED',
        `the fork server (pid ${this.pid}) ${how}; it is being restarted`)
    }
    const printed = this.#output.takeErrors()
    if (this.#refused && printed.length > 0) {
      return new StartupError('ERR_PYTHON_UNUSABLE', `${this.interpreter} cannot be used: ` +
        `${printed.join('; ')}; set ${optionName('python')} to another interpreter, or make the ` +
        'environment again with one')
    }
    const words = printed.length === 0
      ? ` and printed nothing; ${optionName('python')} must name a working Python 3.10 or later`
      : `:\n\n${printed.join('\n')}`
    return new StartupError('ERR_PYTHON_FAILED',
      `the fork server ${how} before it was ready, under ${this.interpreter}${words}`)
  }

  #report () {
    if (this.#reported) return
    this.#release()
    this.#output.flush()
    this.owner.onServerGone(this, /** @type {Error} */ (this.#error))
  }
}
