/** Clients of a service: requests on connections that are kept, event streams, and WebSockets. */

import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

import { EventSourceParserStream } from 'eventsource-parser/stream'
import WebSocket from 'ws'

/** Milliseconds after which a client gives up. No request may take that long. */
const LIMIT = 20_000

/** Milliseconds until a client that was disconnected comes back. */
const BACKOFF = 100

/**
 * @typedef {object} Outcome of one request
 * @property {string} method
 * @property {number} start
 * @property {number} end
 * @property {string} [version] of the pod that has answered
 * @property {string} [pod]
 * @property {string | number} [failure] the code of the error, or a status other than 200
 */

export class Load {
  /** @type {Outcome[]} */
  requests = []

  /** How each WebSocket was closed: 1012, 1006, … @type {number[]} */
  closes = []

  /** How each event stream has ended. @type {string[]} */
  streamEnds = []

  /** Numbers of events that did not follow the one before. */
  gaps = 0

  #agent = new Agent({ keepAlive: true })
  #stopping = new AbortController()

  /** @type {Promise<unknown>[]} */
  #clients = []

  /** @param {string} url */
  constructor (url) {
    this.url = url
  }

  /**
   * @param {{ get?: number, post?: number, streams?: number, sockets?: number, ms?: number }}
   *   counts of clients, and how long a request takes
   */
  start ({ get = 0, post = 0, streams = 0, sockets = 0, ms = 50 }) {
    this.#add(get, () => this.#ask('GET', `/?ms=${ms}`))
    this.#add(post, () => this.#ask('POST', `/orders?ms=${ms}`))
    for (let i = 0; i < streams; i++) {
      let last = 0
      this.#add(1, async () => { last = await this.#listen(last) })
    }
    this.#add(sockets, () => this.#chat())
    return this
  }

  async stop () {
    this.#stopping.abort()
    await Promise.all(this.#clients)
    this.#agent.destroy()
  }

  get failures () {
    return this.requests.filter(({ failure }) => failure !== undefined)
  }

  /**
   * @param {number} count
   * @param {() => Promise<void>} act
   */
  #add (count, act) {
    const client = async () => {
      while (!this.#stopping.signal.aborted) await act()
    }
    for (let i = 0; i < count; i++) this.#clients.push(client())
  }

  /**
   * @param {string} method
   * @param {string} path
   */
  async #ask (method, path) {
    /** @type {Outcome} */
    const outcome = { method, start: performance.now(), end: 0 }
    try {
      const sent = request(this.url + path,
        { method, agent: this.#agent, signal: AbortSignal.timeout(LIMIT) })
      const [response] = await once(sent.end(), 'response')
      const body = (await response.setEncoding('utf8').toArray()).join('')
      if (response.statusCode !== 200) outcome.failure = response.statusCode
      else Object.assign(outcome, JSON.parse(body))
    } catch (error) {
      outcome.failure = error.code ?? error.name
      await sleep(BACKOFF)
    }
    outcome.end = performance.now()
    this.requests.push(outcome)
  }

  /**
   * As EventSource does it.
   * @param {number} last number that it has seen
   * @returns {Promise<number>}
   */
  async #listen (last) {
    const headers = last > 0 ? { 'last-event-id': String(last) } : {}
    let end = 'end'
    try {
      const response = await fetch(`${this.url}/events`,
        { headers, signal: this.#stopping.signal })
      if (response.status !== 200) throw Object.assign(new Error(), { code: response.status })
      const events = response.body.pipeThrough(new TextDecoderStream())
        .pipeThrough(new EventSourceParserStream())
      for await (const { id } of events) {
        if (Number(id) !== last + 1) this.gaps++
        last = Number(id)
      }
    } catch (error) {
      end = String(error.cause?.code ?? error.code ?? error.name)
    }
    if (!this.#stopping.signal.aborted) {
      this.streamEnds.push(end)
      await sleep(BACKOFF)
    }
    return last
  }

  async #chat () {
    const socket = new WebSocket(`${this.url.replace('http', 'ws')}/chat`)
    const closed = once(socket, 'close')
    const { signal } = this.#stopping
    const stop = () => socket.close()
    signal.addEventListener('abort', stop)
    socket.on('error', () => {})
    socket.on('open', () => socket.send('hello'))
    socket.on('message', () => setTimeout(() => {
      if (socket.readyState === WebSocket.OPEN) socket.send('hello')
    }, BACKOFF))
    // As real clients do, which notice that a server is gone by its silence.
    const silence = setInterval(() => {
      if (performance.now() - heard > 4000) socket.terminate()
    }, 500)
    let heard = performance.now()
    socket.on('message', () => { heard = performance.now() })
    const [code] = await closed.catch(() => [1006])
    clearInterval(silence)
    signal.removeEventListener('abort', stop)
    if (signal.aborted) return
    this.closes.push(code)
    await sleep(BACKOFF)
  }
}
