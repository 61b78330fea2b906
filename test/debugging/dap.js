/**
 * A client of the Debug Adapter Protocol, which editors speak with debugpy:
 * https://microsoft.github.io/debug-adapter-protocol/specification
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const LIMIT = 20_000

const END_OF_HEAD = '\r\n\r\n'

export class DapClient {
  #bytes = Buffer.alloc(0)
  #requests = 0

  /** @type {object[]} what has arrived and nobody has waited for */
  #messages = []

  /** @param {import('node:net').Socket} socket */
  constructor (socket) {
    this.socket = socket
    socket.on('data', (bytes) => this.#take(bytes))
    socket.on('error', () => {})
  }

  /** @param {number} port */
  static async connect (port) {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new DapClient(socket)
  }

  #take (bytes) {
    this.#bytes = Buffer.concat([this.#bytes, bytes])
    while (true) {
      const end = this.#bytes.indexOf(END_OF_HEAD)
      if (end < 0) return
      const start = end + END_OF_HEAD.length
      const length = Number(/Content-Length: (\d+)/.exec(this.#bytes.toString('latin1', 0, end))[1])
      if (this.#bytes.length < start + length) return
      this.#messages.push(JSON.parse(this.#bytes.toString('utf8', start, start + length)))
      this.#bytes = this.#bytes.subarray(start + length)
    }
  }

  /**
   * Sends a request without waiting for its response.
   * @param {string} command
   * @param {object} [args]
   * @returns {number} for response()
   */
  send (command, args = {}) {
    const seq = ++this.#requests
    const text = JSON.stringify({ seq, type: 'request', command, arguments: args })
    this.socket.write(`Content-Length: ${Buffer.byteLength(text)}${END_OF_HEAD}${text}`)
    return seq
  }

  /** @param {number} seq of a request */
  async response (seq) {
    const { success, message, body } = await this.#wait(`the response to request ${seq}`,
      (each) => each.type === 'response' && each.request_seq === seq)
    assert(success, message)
    return body
  }

  /**
   * @param {string} command
   * @param {object} [args]
   */
  request (command, args) {
    return this.response(this.send(command, args))
  }

  /** @param {string} name */
  async event (name) {
    const { body } = await this.#wait(`the event ${name}`,
      (each) => each.type === 'event' && each.event === name)
    return body
  }

  async #wait (what, isIt) {
    const end = Date.now() + LIMIT
    while (true) {
      const i = this.#messages.findIndex(isIt)
      if (i >= 0) return this.#messages.splice(i, 1)[0]
      assert(Date.now() < end, `${what} did not come; ${JSON.stringify(this.#messages)}`)
      await sleep(5)
    }
  }

  close () {
    this.socket.destroy()
  }
}
