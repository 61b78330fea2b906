// What clients do over HTTP/2: requests and WebSockets that share a session.
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import http2 from 'node:http2'
import { setTimeout as sleep } from 'node:timers/promises'
import { Receiver, Sender } from 'ws'

import { Failed, checkStatus, right } from './outcome.js'

/** Operations after which a session is replaced. */
const SESSION = 200

/**
 * How many of the sessions end abruptly. In Node 20, that corrupts the heap of any server of
 * node:http2 ("corrupted size vs. prev_size"), with or without this project.
 */
const ABRUPT = parseInt(process.versions.node) < 22 ? 0 : 0.5

/** The status of the response; a stream may also end without one. */
function statusOf (stream) {
  return Promise.race([
    once(stream, 'response').then(([headers]) => headers[':status']),
    once(stream, 'close').then(() => { throw new Failed('closed without a response') })
  ])
}

/** Parameters as in http1Load. */
export function http2Load (port, random, acknowledged) {
  const below = limit => Math.floor(random() * limit)
  /** @type {http2.ClientHttp2Session} */
  let session
  /** @type {Promise<unknown>} */
  let ready
  let uses = 0

  function renew () {
    if (random() < ABRUPT) session?.destroy()
    else session?.close()
    session = http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
    session.on('error', () => {})
    // A client must know that the server takes WebSockets before it opens one (RFC 8441).
    ready = Promise.race([
      once(session, 'remoteSettings'),
      once(session, 'close').then(() => { throw new Failed('the session has ended') })
    ])
    ready.catch(() => {})
  }

  /** Opens a stream on the shared session. What `use` meets when the session ends is a failure. */
  async function withStream (headers, options, use) {
    if (session === undefined || session.closed || session.destroyed || uses++ % SESSION === 0) {
      renew()
    }
    const current = session
    await ready
    let stream
    try {
      stream = current.request(headers, options).on('error', () => {})
      return await use(stream)
    } catch (error) {
      // The response of a failure may have come before the end of the upload.
      stream?.close(http2.constants.NGHTTP2_CANCEL)
      if (current.destroyed) throw new Failed('the session has ended')
      throw error
    }
  }

  function fetchBody (headers, check, body) {
    return withStream(headers, { endStream: body === undefined }, async stream => {
      const status = statusOf(stream)
      if (body !== undefined) stream.end(body)
      checkStatus(await status)
      const chunks = await stream.toArray()
      if (stream.rstCode !== http2.constants.NGHTTP2_NO_ERROR) {
        throw new Failed('the stream was reset')
      }
      check(Buffer.concat(chunks).toString())
    })
  }

  return {
    get2: () => fetchBody({ ':path': '/ping' }, body => right(body === 'pong', 'body')),

    async post2 () {
      const id = randomUUID()
      const headers = { ':path': `/note?id=${id}`, ':method': 'POST' }
      await fetchBody(headers, body => right(body === id, 'the id of a note'), 'x')
      acknowledged.add(id)
    },

    upload2 () {
      const bytes = Buffer.alloc(1 + below(1_000_000), below(256))
      const hash = createHash('sha256').update(bytes).digest('hex')
      return fetchBody({ ':path': '/upload', ':method': 'POST' },
        body => right(JSON.parse(body).sha256 === hash, 'the hash of an upload'), bytes)
    },

    leave2: () => withStream({ ':path': '/download?bytes=3000000' }, {}, async stream => {
      stream.resume()
      await sleep(below(30))
      stream.close(http2.constants.NGHTTP2_CANCEL)
      return 'left'
    }),

    webSocket2: () => withStream({
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':path': '/echo',
      'sec-websocket-version': '13'
    }, { endStream: false }, async stream => {
      const status = await statusOf(stream)
      if (status !== 200) stream.close()
      checkStatus(status)
      const receiver = new Receiver({ isServer: false })
      const ended = new Promise((resolve, reject) => {
        receiver.on('conclude', code => reject(new Failed(`closed with ${code}`)))
        stream.on('close', () => reject(new Failed('the stream was closed')))
      })
      ended.catch(() => {})
      receiver.on('error', () => {})
      stream.pipe(receiver)
      const sender = new Sender(stream)
      try {
        for (let left = 1 + below(5); left > 0; left--) {
          const bytes = Buffer.alloc(1 + below(100_000), below(256))
          sender.send(Buffer.from(bytes), { binary: true, mask: true, fin: true }, () => {})
          const [message] = await Promise.race([once(receiver, 'message'), ended])
          right(bytes.equals(message), 'an echo')
        }
      } finally {
        if (random() < 0.5) sender.close(1000, '', true, () => stream.end())
        else stream.close(http2.constants.NGHTTP2_CANCEL)
      }
    })
  }
}
