/**
 * The access log: one line a request, in the common log format.
 */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/**
 * A request listener that answers nothing, but sees to it that every response leaves a line. It must
 * be the first of a server.
 * @param {(line: string) => void} write
 * @returns {(req: any, res: any) => void}
 */
export function accessLogger (write) {
  return (req, res) => {
    const peer = req.socket.remoteAddress
    const arrived = new Date()
    const bytes = countBody(res)
    // 'close' follows every response, finished or cut.
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
 * What is unknown or zero is "-", as the format has it.
 * @param {{ peer?: string, arrived: Date, request: string, status?: number, bytes: number }} entry
 * @returns {string} with its newline
 */
export function commonLogLine ({ peer, arrived, request, status, bytes }) {
  return `${peer || '-'} - - [${timestamp(arrived)}] "${escape(request)}" ` +
    `${status ?? '-'} ${bytes || '-'}\n`
}

/**
 * @param {any} res
 * @returns {() => number} bytes of body handed over so far
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
 * A URL may hold quotes and bytes above ASCII; an entry must stay one line of so many fields.
 * @param {string} text
 */
function escape (text) {
  return text.replace(/["\\]|[^ -~]/g, (char) => {
    if (char === '"' || char === '\\') return `\\${char}`
    return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}
