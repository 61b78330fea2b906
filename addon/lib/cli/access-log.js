/**
 * The access log: one line for each request, in the common log format, in the combined one, or as
 * JSON.
 */

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/**
 * What is known of a request when its response has been sent, or has been cut off.
 * @typedef {object} Entry
 * @property {string} [peer] address that the connection came from
 * @property {Date} arrived
 * @property {string} method
 * @property {string} url
 * @property {string} httpVersion
 * @property {number} [status] undefined: there was no response
 * @property {number} bytes of the body
 * @property {number} duration milliseconds until the response had been sent
 * @property {string} [referer]
 * @property {string} [agent]
 * @property {number} [process]
 * @property {Record | undefined} record undefined: the handler has not seen the request
 */

/** @typedef {import('../observe/request-record.js').RequestRecord} Record */

/** @type {{ [format: string]: (entry: Entry) => string }} each line has a newline */
const FORMATS = { common: commonLogLine, combined: combinedLogLine, json: jsonLogLine }

export const ACCESS_LOG_FORMATS = Object.keys(FORMATS)

/** Logs every request of a server. */
export class AccessLog {
  /** @type {WeakMap<object, Record>} by the request of Node */
  #records = new WeakMap()

  #format

  /**
   * @param {string} format of ACCESS_LOG_FORMATS
   * @param {(line: string) => void} write
   * @param {number} [process] of several processes of Node, the one that this is
   */
  constructor (format, write, process) {
    this.#format = FORMATS[format]
    this.write = write
    this.process = process
  }

  /**
   * For the handler, which knows what happens to a request.
   * @returns {import('../observe/observer.js').Observer | undefined} undefined: the format needs
   *   none
   */
  get observer () {
    if (this.#format !== jsonLogLine) return undefined
    return {
      onStart: (record, { req }) => {
        if (req !== undefined) this.#records.set(req, record)
      }
    }
  }

  /**
   * A request listener, which answers none. It must be the first one of its server.
   * @param {any} req
   * @param {any} res
   */
  onRequest (req, res) {
    const peer = req.socket.remoteAddress
    const arrived = new Date()
    const begin = performance.now()
    const bytes = countBody(res)
    // Middleware may change them.
    const { method, url, httpVersion, headers: { referer, 'user-agent': agent } } = req
    // 'close' follows every response, whether it was completed or cut off.
    res.once('close', () => this.write(this.#format({
      peer,
      arrived,
      method,
      url,
      httpVersion,
      status: res.headersSent ? res.statusCode : undefined,
      bytes: method === 'HEAD' ? 0 : bytes(),
      duration: performance.now() - begin,
      referer,
      agent,
      record: this.#records.get(req),
      process: this.process
    })))
  }
}

/**
 * Unknown values and a size of zero become "-", as the format demands.
 * @param {Entry} entry
 */
export function commonLogLine (entry) {
  return `${commonFields(entry)}\n`
}

/** @param {Entry} entry */
export function combinedLogLine (entry) {
  const { referer = '-', agent = '-' } = entry
  return `${commonFields(entry)} "${escape(referer)}" "${escape(agent)}"\n`
}

/** @param {Entry} entry */
function commonFields ({ peer, arrived, method, url, httpVersion, status, bytes }) {
  return `${peer || '-'} - - [${timestamp(arrived)}] "${escape(`${method} ${url}`)} ` +
    `HTTP/${httpVersion}" ${status ?? '-'} ${bytes || '-'}`
}

/** @param {Entry} entry */
export function jsonLogLine (entry) {
  const { peer, arrived, method, url, httpVersion, status, bytes, duration, record } = entry
  return JSON.stringify({
    time: arrived.toISOString(),
    peer: peer ?? null,
    client: record?.client?.address ?? peer ?? null,
    method,
    url,
    protocol: `HTTP/${httpVersion}`,
    status: status ?? null,
    bytes,
    duration_ms: rounded(duration),
    queue_ms: record === undefined ? null : rounded(record.queued),
    python_ms: record === undefined ? null : rounded(timeInPython(record)),
    worker: workerName(record?.worker ?? 0, entry.process),
    retries: record?.retries ?? 0,
    referer: entry.referer ?? null,
    user_agent: entry.agent ?? null
  }) + '\n'
}

/**
 * @param {number} worker 0: none
 * @param {number | undefined} process
 */
function workerName (worker, process) {
  if (worker === 0) return null
  return process === undefined ? worker : `${process}.${worker}`
}

/**
 * From when a worker got the request until it had ended there.
 * @param {Record} record
 */
function timeInPython ({ sentAt, endedAt }) {
  if (sentAt === 0) return 0
  return (endedAt || performance.now()) - sentAt
}

/** @param {number} milliseconds */
function rounded (milliseconds) {
  return Math.round(milliseconds * 1000) / 1000
}

/**
 * @param {any} res
 * @returns {() => number} bytes of the body written so far
 */
function countBody (res) {
  let bytes = 0
  for (const method of /** @type {const} */ (['write', 'end'])) {
    /** @type {(...args: any[]) => any} */
    const original = res[method]
    res[method] = (/** @type {any[]} */ ...args) => {
      const [chunk, encoding] = args
      if (typeof chunk === 'string') {
        bytes += Buffer.byteLength(chunk, typeof encoding === 'string'
          ? /** @type {BufferEncoding} */ (encoding)
          : 'utf8')
      } else if (chunk instanceof Uint8Array) {
        bytes += chunk.byteLength
      }
      return original.apply(res, args)
    }
  }
  return () => bytes
}

/** @param {Date} date */
function timestamp (date) {
  const iso = date.toISOString() // 2025-01-31T12:34:56.789Z
  return `${iso.slice(8, 10)}/${MONTHS[date.getUTCMonth()]}/${iso.slice(0, 4)}:` +
    `${iso.slice(11, 19)} +0000`
}

/**
 * Escapes what would break the fields of a line: a URL may contain quotes, control characters and
 * bytes above ASCII.
 * @param {string} text
 */
function escape (text) {
  return text.replace(/["\\]|[^ -~]/g, (char) => {
    if (char === '"' || char === '\\') return `\\${char}`
    return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}
