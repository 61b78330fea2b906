/**
 * Starts the fork servers of a handler. The first one may be started before the handler exists, so
 * that Python and the rest of this package load at the same time.
 */

import { loadBinding } from '../binding.js'
import { chooseInterpreter } from '../interpreter/choose.js'
import { guardLogger } from '../util/guard.js'
import { ForkServer } from '../worker/fork-server.js'
import { WaitingOwner } from '../worker/waiting-owner.js'
import { pinned, pythonEnvironment } from './python-environment.js'

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

  /** Starts the first fork server ahead. What it reports waits until somebody owns it. */
  begin () {
    const owner = new WaitingOwner()
    this.#ahead = this.#create(owner)
    this.#waiting.set(this.#ahead, owner)
    this.#spawn(this.#ahead)
  }

  /**
   * @param {ServerOwner} owner
   * @returns {ForkServer} the one that was started ahead, or another one
   * @throws when there are not enough file descriptors
   */
  create (owner) {
    const server = this.#ahead ?? this.#create(owner)
    this.#ahead = null
    server.owner = owner
    return server
  }

  /** @param {ForkServer} server that create() has returned */
  start (server) {
    const waiting = this.#waiting.get(server)
    if (waiting === undefined) this.#spawn(server)
    else waiting.passOn(server.owner)
  }

  /** Ends the fork server that was started ahead, if nobody has taken it. */
  async close () {
    await this.#ahead?.close(this.settings.timeouts.kill)
    this.#ahead = null
  }

  /** @param {ServerOwner} owner */
  #create (owner) {
    const { binding, settings, interpreter, env, system } = this
    const paths = pinned({ python: interpreter.path, env })
    return new ForkServer({ binding, settings, interpreter, system, ...paths, owner })
  }

  /** @param {ForkServer} server */
  #spawn (server) {
    if (this.settings.isolation.node) this.binding.protect()
    server.start()
  }
}
