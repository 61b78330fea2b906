/** Those who look at the dashboard: each has an event stream, which gets what has changed. */

import { onClosing, serverOf } from '../http/closing.js'
import { Clock } from '../util/clock.js'

/** Pages that are open at the same time. */
export const MAX_VIEWERS = 32

/** Milliseconds. */
const TURN = 1000

/** Bytes that a viewer may be behind. It connects again, and gets everything. */
const MAX_BEHIND = 1024 * 1024

/** @typedef {import('node:http').IncomingMessage} IncomingMessage */
/** @typedef {import('node:http').ServerResponse} ServerResponse */
/** @typedef {import('./parts.js').Source} Source */
/** @typedef {Pick<Source, 'sections' | 'history' | 'news' | 'isOver'>} Shown */

export class Viewers {
  /** @type {Map<ServerResponse, object | undefined>} with their servers */
  #open = new Map()

  /** What was sent last of each section, as JSON.
   * @type {Map<string, string>} */
  #sent = new Map()

  #clock = new Clock(TURN, () => this.#tick())

  #onClosing = (/** @type {object} */ server) => {
    for (const [res, of] of this.#open) if (of === server) res.end()
  }

  /** @param {Shown} source */
  constructor (source) {
    this.source = source
  }

  get size () {
    return this.#open.size
  }

  /**
   * @param {IncomingMessage} req
   * @param {ServerResponse} res whose head has been set
   */
  add (req, res) {
    const server = serverOf(req)
    // Node waits for a response without an end before it closes a server.
    if (server !== undefined) onClosing(server, this.#onClosing)
    if (this.#open.size === 0) {
      this.source.news() // for nobody
      this.#update()
    }
    this.#open.set(res, server)
    res.once('close', () => this.#open.delete(res))
    res.write(`retry: 2000\n\n${event('seconds', JSON.stringify(this.source.history()))}` +
      [...this.#sent].map(([name, json]) => event(name, json)).join(''))
    this.#clock.start()
  }

  #tick () {
    if (this.#open.size === 0) return false
    const text = this.#update() + event('seconds', JSON.stringify(this.source.news()))
    for (const res of this.#open.keys()) {
      res.write(text)
      if (res.writableLength > MAX_BEHIND) res.destroy()
      else if (this.source.isOver()) res.end()
    }
    return true
  }

  /** @returns {string} events for the sections that have changed */
  #update () {
    let text = ''
    for (const [name, content] of Object.entries(this.source.sections())) {
      const json = JSON.stringify(content)
      if (this.#sent.get(name) === json) continue
      this.#sent.set(name, json)
      text += event(name, json)
    }
    return text
  }
}

/**
 * @param {string} name
 * @param {string} json has no newlines
 */
function event (name, json) {
  return `event: ${name}\ndata: ${json}\n\n`
}
