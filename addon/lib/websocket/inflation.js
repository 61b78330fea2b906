/**
 * Bounds what compressed messages of a client take in memory. 15 KB can inflate to 16 MiB, and ws
 * inflates all messages that it has read, also while the application reads none of them.
 */

/** A message may always inflate to this many bytes. */
const FREE = 4 * 1024 * 1024

/** A longer one may be this many times as long as it was. Texts reach 5 to 50, bombs 1,000. */
const RATIO = 200

/** Inflates one message of a WebSocket at a time, when the application has taken the one before. */
export class Inflation {
  /** @type {(() => void) | null} */
  #held = null

  /**
   * @param {any} client a WebSocket of ws
   * @param {number} maxMessage bytes
   * @param {() => boolean} isFree whether the application has taken all messages
   */
  constructor (client, maxMessage, isFree) {
    const deflate = client._extensions['permessage-deflate']
    if (deflate === undefined) return
    const { decompress } = deflate
    deflate.decompress = (/** @type {Buffer} */ data, /** @type {any[]} */ ...more) => {
      const inflate = () => {
        deflate._maxPayload = Math.min(maxMessage, Math.max(FREE, data.length * RATIO))
        decompress.call(deflate, data, ...more)
      }
      if (isFree()) inflate()
      else this.#held = inflate
    }
  }

  /** The application has taken all messages. */
  goOn () {
    const held = this.#held
    this.#held = null
    held?.()
  }
}
