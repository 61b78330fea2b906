/**
 * Reads the body of a request in a way that can be undone, so that another handler can read it
 * after the application has.
 */

/** Bytes that are kept at most. It is memory that every such request takes. */
export const MAX_KEPT = 1_000_000

export class KeptBody {
  /** @type {Buffer[]} */
  #pieces = []

  #size = 0

  /** @type {() => void} */
  #onReadable = () => {}

  /**
   * @param {any} req whose body nobody has begun to read
   * @param {number} length of the body in bytes; Infinity: unknown
   */
  constructor (req, length) {
    this.req = req
    this.length = length
    this.reading = false
  }

  /**
   * Reads the whole body. Node emits 'end' when something reads past the last byte, and a body that
   * has ended cannot be read again. So this reads exactly what is there.
   * @param {object} reader
   * @param {(length: number) => void} reader.received
   * @param {(body: Buffer) => void} reader.done
   * @param {() => void} reader.tooLong The body is as before.
   */
  read ({ received, done, tooLong }) {
    const { req } = this
    this.reading = true
    this.#onReadable = () => {
      if (!this.reading) return
      const { readableLength } = req
      const piece = readableLength > 0 ? req.read(readableLength) : null
      if (piece !== null) {
        this.#pieces.push(piece)
        this.#size += piece.length
        received(piece.length)
      }
      if (!this.reading) return // received() has ended the request
      if (this.#size >= this.length || (req.complete && req.readableLength === 0)) {
        this.#stop()
        done(Buffer.concat(this.#pieces))
      } else if (this.#size > MAX_KEPT) {
        this.restore()
        tooLong()
      }
    }
    req.on('readable', this.#onReadable)
    // What arrived with the head is there already, and no event may follow.
    this.#onReadable()
  }

  /** Gives the body back: the next reader of the request gets it from its beginning. */
  restore () {
    this.#stop()
    const { req } = this
    if (this.#size > 0 && !req.destroyed) req.unshift(Buffer.concat(this.#pieces))
    this.#pieces = []
    this.#size = 0
  }

  /** Nobody else wants the body. */
  release () {
    this.#stop()
    this.#pieces = []
    // Past the last byte, so that the request ends.
    this.req.resume()
  }

  #stop () {
    this.reading = false
    this.req.off('readable', this.#onReadable)
  }
}
