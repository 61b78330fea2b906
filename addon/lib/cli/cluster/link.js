/**
 * Questions and news between the primary and a member, over the channel that fork() makes. The
 * other side may be of another version, or broken, so what it says is checked, and waiting for it
 * has an end.
 */

/**
 * What a channel is: a child process, or `process` in a member.
 * @typedef {object} Channel
 * @property {boolean} connected
 * @property {(message: any, handle?: any, options?: any,
 *   done?: (error: Error | null) => void) => unknown} send
 * @property {(event: 'message', listener: (message: any, handle: any) => void) => unknown} on
 */

/**
 * Answers a question, or takes news. What it returns is the answer.
 * @typedef {(data: any, handle?: any) => unknown} Topic
 */

/** Questions that may wait for their answers at the same time. */
const MAX_OPEN = 1000

/** Milliseconds to wait for an answer, where nothing takes longer. */
export const PATIENCE = 2000

/** The other side cannot answer, or has not answered in time. */
export class LinkError extends Error {
  name = 'LinkError'
}

export class Link {
  #lastId = 0

  /** @type {Map<number, (error: Error | null, data?: unknown) => void>} */
  #open = new Map()

  #isClosed = false

  /**
   * @param {Channel} channel
   * @param {Record<string, Topic>} topics by name
   */
  constructor (channel, topics) {
    this.channel = channel
    this.topics = topics
    channel.on('message', (message, handle) => this.#onMessage(message, handle))
  }

  /**
   * Says something that needs no answer.
   * @param {string} topic
   * @param {unknown} [data]
   * @returns {Promise<void>} once it has been sent, or cannot be sent any more
   */
  tell (topic, data) {
    return new Promise((resolve) => this.#send({ topic, data }, undefined, () => resolve()))
  }

  /**
   * @param {string} topic
   * @param {unknown} [data]
   * @param {object} [options]
   * @param {number} [options.timeout] milliseconds
   * @param {any} [options.handle] a socket, which stays open here
   * @returns {Promise<any>} the answer
   * @throws {LinkError}
   */
  ask (topic, data, { timeout = PATIENCE, handle } = {}) {
    if (this.#open.size >= MAX_OPEN) {
      return Promise.reject(new LinkError(`${MAX_OPEN} questions have no answer yet`))
    }
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      const timer = timeout === Infinity
        ? undefined
        : setTimeout(() => end(new LinkError(`no answer within ${timeout} ms`)), timeout)
      const end = (/** @type {Error | null} */ error, /** @type {unknown} */ data = undefined) => {
        clearTimeout(timer)
        this.#open.delete(id)
        if (error === null) resolve(data)
        else reject(error)
      }
      this.#open.set(id, end)
      this.#send({ topic, id, data }, handle, (error) => {
        if (error !== null) end(new LinkError(error.message))
      })
    })
  }

  /** The other side has gone: nothing will be answered any more. */
  close () {
    this.#isClosed = true
    for (const end of [...this.#open.values()]) end(new LinkError('the process has ended'))
  }

  /**
   * @param {object} message
   * @param {any} handle
   * @param {(error: Error | null) => void} done
   */
  #send (message, handle, done) {
    if (this.#isClosed || !this.channel.connected) {
      return done(new LinkError('the process has ended'))
    }
    this.channel.send(message, handle, { keepOpen: true }, done)
  }

  /**
   * @param {any} message
   * @param {any} handle
   */
  async #onMessage (message, handle) {
    const { topic, id, data, answer, error } = Object(message)
    if (typeof topic !== 'string') {
      const end = this.#open.get(answer)
      if (end === undefined) handle?.destroy?.() // an answer that came late, or nonsense
      else end(typeof error === 'string' ? new LinkError(error) : null, data)
      return
    }
    const respond = (/** @type {object} */ content) => {
      if (typeof id === 'number') this.#send({ answer: id, ...content }, undefined, () => {})
    }
    if (!Object.hasOwn(this.topics, topic)) {
      handle?.destroy?.()
      return respond({ error: `it does not know ${topic.slice(0, 40)}` })
    }
    try {
      // Without a turn in between, if it answers at once: a socket reads from now on.
      const result = this.topics[topic](data, handle)
      respond({ data: result instanceof Promise ? await result : result })
    } catch (error) {
      respond({ error: String(/** @type {Error} */ (error)?.message) })
    }
  }
}
