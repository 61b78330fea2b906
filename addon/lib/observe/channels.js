/**
 * Publishes what a handler does on channels of node:diagnostics_channel. Their names are those of
 * the moments of a request and of the events of a handler, after `node-asgi:`.
 */

import { channel } from 'node:diagnostics_channel'

/** @typedef {import('./observer.js').Observer} Observer */
/** @typedef {import('./request-record.js').RequestRecord} RequestRecord */

const PREFIX = 'node-asgi:'

const start = channel(`${PREFIX}request:start`)
const sent = channel(`${PREFIX}request:sent`)
const headers = channel(`${PREFIX}request:headers`)
const end = channel(`${PREFIX}request:end`)
const error = channel(`${PREFIX}request:error`)

/** Whether anybody in this process subscribes to what requests do. */
export function areRequestsWatched () {
  return start.hasSubscribers || sent.hasSubscribers || headers.hasSubscribers ||
    end.hasSubscribers || error.hasSubscribers
}

/** @implements {Observer} */
export class Publisher {
  /** @param {() => object | undefined} handlerOf undefined: it has been garbage collected */
  constructor (handlerOf) {
    this.handlerOf = handlerOf
  }

  /** @param {RequestRecord} request */
  onStart (request) {
    this.#publish(start, request)
  }

  /** @param {RequestRecord} request */
  onSent (request) {
    this.#publish(sent, request)
  }

  /** @param {RequestRecord} request */
  onResponse (request) {
    this.#publish(headers, request)
  }

  /** @param {RequestRecord} request */
  onEnd (request) {
    if (request.error !== null && error.hasSubscribers) {
      error.publish({ handler: this.handlerOf(), request, error: request.error })
    }
    this.#publish(end, request)
  }

  /**
   * @param {string} name
   * @param {object} details
   */
  onEvent (name, details) {
    const events = channel(PREFIX + name)
    if (events.hasSubscribers) events.publish({ handler: this.handlerOf(), ...details })
  }

  /**
   * @param {import('node:diagnostics_channel').Channel} moment
   * @param {RequestRecord} request
   */
  #publish (moment, request) {
    if (moment.hasSubscribers) moment.publish({ handler: this.handlerOf(), request })
  }
}
