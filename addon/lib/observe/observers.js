/**
 * Who observes a handler: other parts of this package, each with an object of its own, and the
 * subscribers of the channels (channels.js). All see the same moments, and the same record of a
 * request. While nobody observes, a request has no record.
 */

import { rethrowLater } from '../util/guard.js'
import { Publisher, areRequestsWatched } from './channels.js'
import { outcomeOf } from './outcome.js'
import { RequestRecord, seal } from './request-record.js'

/** @typedef {import('./observer.js').Observer} Observer */
/** @typedef {import('./observer.js').ObservedStream} ObservedStream */

/** The moments of one request, as its stream reports them. */
export class Observed {
  #observers
  #stream

  /**
   * @param {readonly Observer[]} observers who see it from its start to its end
   * @param {ObservedStream} stream
   * @param {number} id
   */
  constructor (observers, stream, id) {
    this.#observers = observers
    this.#stream = stream
    this.record = new RequestRecord(id, stream)
  }

  started () {
    this.#tell('onStart')
    this.#stream.head = seal(this.record)
  }

  /** @param {number} time milliseconds in a queue */
  waited (time) {
    this.record.queued += time
  }

  /** @param {{ id: number, pid: number }} worker that has it */
  sent ({ id, pid }) {
    const { record } = this
    record.worker = id
    record.pid = pid
    record.sentAt = this.#stream.sentAt
    this.#tell('onSent')
  }

  takenBack () {
    this.record.retries++
  }

  /** @param {number} status */
  responded (status) {
    this.record.status = status
    this.record.startedAt = performance.now()
    this.#tell('onResponse')
  }

  /**
   * @param {Error | null} error
   * @param {import('./request-record.js').Outcome} otherwise see outcomeOf()
   */
  ended (error, otherwise) {
    const { record } = this
    record.endedAt = performance.now()
    record.error = error
    record.outcome = outcomeOf(error, record.sentAt > 0, otherwise)
    this.#tell('onEnd')
  }

  /** @param {'onStart' | 'onSent' | 'onResponse' | 'onEnd'} moment */
  #tell (moment) {
    for (const observer of this.#observers) {
      try {
        observer[moment]?.(this.record, this.#stream)
      } catch (error) {
        rethrowLater(error)
      }
    }
  }
}

export class Observers {
  /** @type {readonly Observer[]} replaced, never changed: requests keep those of their start */
  #own = []

  /** @type {readonly Observer[]} those, and the publisher */
  #all

  #publisher
  #lastId = 0

  /** @param {() => object | undefined} [handlerOf] what messages name as their handler */
  constructor (handlerOf = () => undefined) {
    this.#publisher = new Publisher(handlerOf)
    this.#all = [this.#publisher]
  }

  /** Whether requests have records. */
  get active () {
    return this.#own.length > 0 || areRequestsWatched()
  }

  /**
   * @param {Observer} observer
   * @returns {() => void} ends the observation
   */
  add (observer) {
    this.#replace([...this.#own, observer])
    return () => this.#replace(this.#own.filter((each) => each !== observer))
  }

  /** @param {readonly Observer[]} own */
  #replace (own) {
    this.#own = own
    this.#all = [...own, this.#publisher]
  }

  /** @param {ObservedStream} stream that the handler has just taken */
  begin (stream) {
    const observers = areRequestsWatched() ? this.#all : this.#own
    const observed = stream.observed = new Observed(observers, stream, ++this.#lastId)
    observed.started()
  }

  /**
   * Python has logged an error. The channels do not have it: the application may log secrets.
   * @param {string} text
   * @param {{ worker: number, pid: number }} source
   */
  errorLogged (text, source) {
    for (const observer of this.#own) {
      try {
        observer.onErrorLogged?.(text, source)
      } catch (error) {
        rethrowLater(error)
      }
    }
  }

  /**
   * Something has happened to the handler or one of its processes.
   * @param {string} name as of the events of the handler
   * @param {object} details
   */
  event (name, details) {
    for (const observer of this.#all) {
      try {
        observer.onEvent?.(name, details)
      } catch (error) {
        rethrowLater(error)
      }
    }
  }
}
