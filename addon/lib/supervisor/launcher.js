/**
 * Starts the fork servers of a handler. One may be started ahead, before the handler exists or
 * while files are still changing, so that Python starts in the meantime.
 */

import { loadBinding } from '../binding.js'
import { chooseInterpreter } from '../interpreter/choose.js'
import { guardLogger } from '../util/guard.js'
import { ForkServer } from '../worker/fork-server.js'
import { WaitingOwner } from '../worker/waiting-owner.js'
import { followed, pinned, pythonEnvironment } from './python-environment.js'

/** @typedef {import('../worker/fork-server.js').ServerOwner} ServerOwner */

/**
 * @typedef {object} Surroundings
 * @property {import('../binding.js').Binding} [binding]
 * @property {import('../worker/fork-server.js').System} [system]
 * @property {import('../option-types.js').Preparation} [preparation]
 */

export class Launcher {
  /** @type {ForkServer | null} that was started ahead, and that nobody has taken yet */
  #ahead = null

  /** Where that one has everything from. */
  #place = ''

  /** @type {WeakMap<ForkServer, WaitingOwner>} what has kept the reports of that one */
  #waiting = new WeakMap()

  /**
   * @param {import('../options.js').Settings} given
   * @param {Surroundings} [surroundings]
   * @throws {import('../errors.js').StartupError} there is no interpreter that can be used
   */
  constructor (given, { binding = loadBinding(), system, preparation } = {}) {
    this.binding = binding
    this.system = system
    /** @type {import('../option-types.js').HandlerSettings} */
    this.settings = { ...given, preparation, logger: guardLogger(given.logger) }
    const { env, isolation } = given
    this.interpreter = chooseInterpreter(given, { ...process.env, ...env })
    this.env = pythonEnvironment(process.env, env, isolation)
  }

  /** Starts the next fork server ahead. What it reports waits until somebody owns it. */
  begin () {
    if (this.#ahead !== null) return
    const owner = new WaitingOwner()
    this.#place = this.#currentPlace()
    this.#ahead = this.#create(owner)
    this.#waiting.set(this.#ahead, owner)
    this.#spawn(this.#ahead)
  }

  /** As begin(), while files may still change: not if the fork server imports some of them. */
  beginReload () {
    if (this.settings.preload === false) this.begin()
  }

  /**
   * @param {ServerOwner} owner
   * @returns {ForkServer} the one that was started ahead, or another one
   * @throws when there are not enough file descriptors
   */
  create (owner) {
    const ahead = this.#ahead
    if (ahead === null) return this.#create(owner)
    // Another one says again why it cannot start, and imports from where links lead now.
    if (ahead.lost || this.#place !== this.#currentPlace()) {
      this.close()
      return this.#create(owner)
    }
    this.#ahead = null
    ahead.owner = owner
    return ahead
  }

  /** @param {ForkServer} server that create() has returned */
  start (server) {
    const waiting = this.#waiting.get(server)
    if (waiting === undefined) this.#spawn(server)
    else waiting.passOn(server.owner)
  }

  /** Ends the fork server that was started ahead, if nobody has taken it. */
  async close () {
    const ahead = this.#ahead
    this.#ahead = null
    await ahead?.close(this.settings.timeouts.kill)
  }

  #paths () {
    return pinned({ python: this.interpreter.path, env: this.env })
  }

  /** Changes when a deployment switches a link to its next release. */
  #currentPlace () {
    const { python, env } = this.#paths()
    return [followed(this.settings.docroot), python, env.PYTHONPATH].join()
  }

  /** @param {ServerOwner} owner */
  #create (owner) {
    const { binding, settings, interpreter, system } = this
    return new ForkServer({ binding, settings, interpreter, system, ...this.#paths(), owner })
  }

  /** @param {ForkServer} server */
  #spawn (server) {
    if (this.settings.isolation.node) this.binding.protect()
    server.start()
  }
}
