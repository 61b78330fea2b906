/**
 * The access log: one line for each request, in the common log format.
 */

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/**
 * Makes a request listener that logs every response and answers none. It must be the first listener
 * of its server.
 * @param {(line: string) => void} write
 * @returns {(req: any, res: any) => void}
 */
export function accessLogger (write) {
  return (req, res) => {
    const peer = req.socket.remoteAddress
    const arrived = new Date()
    const bytes = countBody(res)
    // 'close' follows every response, whether it was completed or cut off.
    res.once('close', () => write(commonLogLine({
      peer,
      arrived,
      request: `${req.method} ${req.url} HTTP/${req.httpVersion}`,
      status: res.headersSent ? res.statusCode : undefined,
      bytes: req.method === 'HEAD' ? 0 : bytes()
    })))
  }
}

/**
 * Unknown values and a size of zero become "-", as the format demands.
 * @param {{ peer?: string, arrived: Date, request: string, status?: number, bytes: number }} entry
 * @returns {string} with its newline
 */
export function commonLogLine ({ peer, arrived, request, status, bytes }) {
  return `${peer || '-'} - - [${timestamp(arrived)}] "${escape(request)}" ` +
    `${status ?? '-'} ${bytes || '-'}\n`
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
