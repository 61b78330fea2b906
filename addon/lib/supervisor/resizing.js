/** Those who wait until the pool has the size that they asked for. */
export class Resizing {
  /** @type {{ resolve: () => void, reject: (error: Error) => void }[]} */
  #waiting = []

  /** @type {() => boolean} */
  #isDone = () => true

  /**
   * @param {() => boolean} isDone whether the pool has the size that it should have now
   * @returns {Promise<void>}
   */
  wait (isDone) {
    this.#isDone = isDone
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.look()
    })
  }

  look () {
    if (this.#waiting.length === 0 || !this.#isDone()) return
    for (const { resolve } of this.#waiting.splice(0)) resolve()
  }

  /** @param {Error} error why the pool cannot have its size now */
  fail (error) {
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}
