/**
 * The place of one member, as the primary sees it: the process that is there, and its successors.
 */

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import { RestartPolicy } from '../../supervisor/restart-policy.js'
import { Clock } from '../../util/clock.js'
import { Link, LinkError } from './link.js'

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */
/** @typedef {import('../../options.js').Logger} Logger */
/** @typedef {import('./distributor.js').Taker} Taker */

const PROGRAM = fileURLToPath(new URL('./member.js', import.meta.url))

/** Flags of Node that only one process can have. */
const SINGLE = /^--(inspect|debug)/

/** Turns of the clock in which a process has to take a connection. */
const TURNS = 10

/** Characters of a message that is printed. */
const MAX_TEXT = 100_000

/**
 * @typedef {object} MemberOwner
 * @property {() => void} onChange of isReady or isOpen
 * @property {(member: MemberProcess, failure: Failure) => void} onFailed its application cannot
 *   start
 * @property {(member: MemberProcess) => void} onGone its process has ended
 * @property {(name: 'stdout' | 'stderr', text: string) => void} onOutput of a terminal
 * @property {Record<string, (data: any) => unknown>} topics what members may ask
 */

/**
 * @typedef {{ settings: import('../arguments.js').Arguments, [name: string]: unknown }} Beginning
 */
/** @typedef {{ message: string, exitCode: number }} Failure */

/** @implements {Taker} */
export class MemberProcess {
  /** @type {ChildProcess | null} null: there is none at the moment */
  #child = null

  /** @type {Link | null} */
  #link = null

  /** @type {NodeJS.Timeout | undefined} until the next start */
  #timer

  #startedAt = 0

  /** Milliseconds that the start took; 0: it has not ended yet. */
  #started = 0

  /** Ticks while a connection has not been taken. */
  #clock

  /** Turns of the clock since it was handed over. */
  #turns = 0

  #isStopping = false

  #isRefusing = false

  isReady = false

  /** The interpreter or the addresses, as nameApplication() names them. */
  python = ''

  /**
   * @param {number} number 1 for the first one
   * @param {object} what
   * @param {Beginning} what.beginning what each process is told first
   * @param {boolean} what.isPiped its output comes here
   * @param {import('../../options.js').Restart} what.restart
   * @param {number} what.hang milliseconds that its event loop may be blocked; 0: no limit
   * @param {Logger} what.logger
   * @param {MemberOwner} owner
   */
  constructor (number, { beginning, isPiped, restart, hang, logger }, owner) {
    this.number = number
    this.beginning = beginning
    this.isPiped = isPiped
    this.logger = logger
    this.owner = owner
    this.policy = new RestartPolicy(restart)
    this.hang = hang
    this.#clock = new Clock(hang / TURNS, () => this.#onTurn())
  }

  get pid () { return this.#child?.pid ?? 0 }

  /** Whether it has been ready at least once. */
  get hasServed () { return this.python !== '' }

  get isOpen () {
    return this.#child?.connected === true && !this.#isStopping && !this.#isRefusing
  }

  start () {
    this.#startedAt = performance.now()
    this.#started = 0
    this.#isRefusing = false
    const out = this.isPiped ? 'pipe' : 'inherit'
    const child = fork(PROGRAM, [], {
      stdio: ['ignore', out, out, 'ipc'],
      serialization: 'advanced',
      execArgv: process.execArgv.filter((flag) => !SINGLE.test(flag))
    })
    this.#child = child
    for (const name of /** @type {const} */ (['stdout', 'stderr'])) {
      const output = child[name]
      if (output !== null) passLines(output, (lines) => this.owner.onOutput(name, lines))
    }
    const link = this.#link = new Link(/** @type {any} */ (child), {
      ...this.owner.topics,
      serving: (data) => this.#onServing(data),
      state: (data) => this.#setReady(data?.isReady === true),
      failed: (data) => this.#onFailed(data)
    })
    child.once('error', (error) => this.#onEnd(error.message))
    child.once('exit', (code, signal) =>
      this.#onEnd(signal === null ? `exit code ${code}` : String(signal)))
    // Its end follows, unless it hangs. Without a channel it is of no use.
    child.once('disconnect', () => {
      link.close()
      this.#setReady(false)
    })
    link.tell('start', { ...this.beginning, number: this.number })
  }

  /** @param {any} data */
  #onServing (data) {
    if (this.#started === 0) this.#started = performance.now() - this.#startedAt
    this.python = String(data?.python).slice(0, MAX_TEXT)
    this.#setReady(true)
  }

  /** @param {boolean} isReady */
  #setReady (isReady) {
    if (this.isReady === isReady) return
    this.isReady = isReady
    this.owner.onChange()
  }

  /** @param {any} data */
  #onFailed (data) {
    const message = String(data?.message).slice(0, MAX_TEXT)
    this.owner.onFailed(this, { message, exitCode: data?.exitCode === 2 ? 2 : 1 })
  }

  /** @param {string} how */
  #onEnd (how) {
    if (this.#child === null) return
    const { pid } = this.#child
    const isPlanned = this.#isStopping
    const wasReady = this.#started > 0
    this.#link?.close()
    this.#child = this.#link = null
    this.isReady = false
    this.owner.onChange()
    this.owner.onGone(this)
    if (isPlanned || this.#isStopping) return
    const now = performance.now()
    const delay = wasReady ? this.policy.ended(this.#started, now) : this.policy.failed()
    const when = delay === 0 ? 'now' : `in ${Math.round(delay)} ms`
    this.logger.warn(`[node-asgi] process ${this.number} (pid ${pid}) has ended: ${how}; ` +
      `another one starts ${when}`)
    this.#timer = setTimeout(() => this.start(), delay)
  }

  /**
   * @param {import('node:net').Socket} socket
   * @returns {Promise<boolean>} false: it ends, so another one has to take it
   */
  async take (socket) {
    this.#turns = 0
    if (this.hang > 0) this.#clock.start()
    try {
      // Until the clock ends it: its event loop may be blocked for a while.
      const isTaken = await this.ask('connection', undefined, { timeout: Infinity, handle: socket })
      if (isTaken === true) return true
    } catch (error) {
      if (this.isOpen) {
        // It goes on, and what is wrong with this connection need not be wrong with the next one.
        this.logger.warn(`[node-asgi] process ${this.number} could not take a connection, which ` +
          `is closed: ${/** @type {Error} */ (error).message}`)
        return true
      }
    } finally {
      this.#clock.stop()
    }
    this.#isRefusing = true // it ends
    return false
  }

  /** @returns {boolean} whether to go on waiting */
  #onTurn () {
    if (++this.#turns <= TURNS) return true
    this.logger.error(`[node-asgi] process ${this.number} (pid ${this.pid}) has not taken a ` +
      `connection for ${this.hang} ms: its event loop is blocked, so it is killed`)
    this.#child?.kill('SIGKILL')
    return false
  }

  /**
   * @param {string} topic
   * @param {unknown} [data]
   * @param {{ timeout?: number, handle?: any }} [options]
   * @returns {Promise<any>}
   * @throws {import('./link.js').LinkError}
   */
  async ask (topic, data, options) {
    if (this.#link === null) throw new LinkError('the process is not there')
    return this.#link.ask(topic, data, options)
  }

  /** @param {any} workers of this process and of those that replace it, as the option says it */
  resize (workers) {
    this.beginning.settings.handler.workers = workers
    // One that is starting or ending is followed by, or becomes, one that has been told.
    this.ask('resize', { workers }).catch((error) => {
      if (this.isReady) this.logger.error(`[node-asgi] process ${this.number}: ${error.message}`)
    })
  }

  /**
   * @param {number} timeout milliseconds for its requests in flight
   * @param {number} limit milliseconds until it is killed
   * @returns {Promise<void>} once it has ended
   */
  async stop (timeout, limit) {
    this.#isStopping = true
    clearTimeout(this.#timer)
    const child = this.#child
    if (child === null) return
    const gone = new Promise((resolve) => { child.once('exit', resolve) })
    const timer = setTimeout(() => {
      this.logger.warn(`[node-asgi] process ${this.number} (pid ${child.pid}) has not ended in ` +
        'time, so it is killed')
      child.kill('SIGKILL')
    }, limit)
    this.#link?.tell('stop', { timeout })
    await gone
    clearTimeout(timer)
  }

  kill () {
    this.#isStopping = true
    this.#child?.kill('SIGKILL')
  }
}

/**
 * @param {import('node:stream').Readable} output
 * @param {(lines: string) => void} pass gets whole lines, unless one is very long
 */
function passLines (output, pass) {
  let rest = ''
  output.setEncoding('utf8').on('data', (text) => {
    rest += text
    const end = rest.length > MAX_TEXT ? rest.length : rest.lastIndexOf('\n') + 1
    if (end > 0) pass(rest.slice(0, end))
    rest = rest.slice(end)
  })
  output.once('end', () => { if (rest !== '') pass(`${rest}\n`) })
}
