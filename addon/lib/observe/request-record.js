import { InvalidRequestError } from '../errors.js'
import { parseHead, withHeader } from '../message/head.js'
import { Headers } from '../message/headers.js'

/**
 * How a request ended. outcome.js says when it is which.
 * @typedef {'answered' | 'failed' | 'aborted' | 'timeout' | 'lost' | 'rejected'} Outcome
 */

/**
 * Ends the time in which headers can be set.
 * @type {(record: RequestRecord) => string} returns the head that is to be sent
 */
let seal

/**
 * What observers see of one request. It holds none of the objects that serve the request, so it may
 * be kept. types/diagnostics.d.ts declares it for users.
 */
export class RequestRecord {
  #head
  #isSealed = false

  /** @type {ReturnType<typeof parseHead> | null} */
  #parts = null

  /** @type {Headers | null} */
  #headers = null

  static {
    seal = (record) => {
      record.#isSealed = true
      return record.#head
    }
  }

  /**
   * @param {number} id
   * @param {{ head: string, isWebSocket: boolean, isIncoming: boolean }} stream
   */
  constructor (id, { head, isWebSocket, isIncoming }) {
    this.#head = head
    this.id = id
    this.incoming = isIncoming
    /** @type {'http' | 'websocket'} */
    this.type = isWebSocket ? 'websocket' : 'http'
    /** performance.now() of each moment; 0: it has not come yet. */
    this.acceptedAt = performance.now()
    this.sentAt = 0
    this.startedAt = 0
    this.endedAt = 0
    /** Milliseconds that it has waited in queues. */
    this.queued = 0
    /** The worker that has it, or had it last; 0: none. */
    this.worker = 0
    this.pid = 0
    /** How often it was given to another worker. */
    this.retries = 0
    /** Of the application's response; 0: there is none. */
    this.status = 0
    /** @type {Outcome | null} */
    this.outcome = null
    /** @type {any} why there is no complete response; null: there is one, or may be one */
    this.error = null
  }

  // Most observers need none of these, so the head is parsed on first use.
  get #fields () {
    this.#parts ??= parseHead(this.#head)
    return this.#parts
  }

  get method () { return this.#fields.method }
  get path () { return this.#fields.path }
  get query () { return this.#fields.query }
  get scheme () { return this.#fields.scheme }
  get httpVersion () { return this.#fields.httpVersion }
  get rootPath () { return this.#fields.mount }

  get client () {
    const { clientHost, clientPort } = this.#fields
    return endpoint(clientHost, clientPort)
  }

  get server () {
    const { serverHost, serverPort } = this.#fields
    return endpoint(serverHost, serverPort)
  }

  get headers () {
    this.#headers ??= new Headers(this.#fields.headers)
    return this.#headers
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  setHeader (name, value) {
    if (this.#isSealed) {
      throw new InvalidRequestError('ERR_INVALID_HEADER', `${name} comes too late: headers can ` +
        'only be set while node-asgi:request:start is being handled')
    }
    this.#head = withHeader(this.#head, name, value)
    this.#parts = this.#headers = null
  }
}

/**
 * @param {string} address
 * @param {string} port
 */
function endpoint (address, port) {
  return address === '' ? null : { address, port: port === '' ? null : Number(port) }
}

export { seal }
