/**
 * The processes that have not ended, whatever their state.
 * @template {{ id: number }} T
 */
export class Roster {
  /** @type {Map<number, T>} */
  #members = new Map()

  /** @type {Set<() => void>} */
  #waiting = new Set()

  get size () {
    return this.#members.size
  }

  /** @param {T} member */
  add (member) {
    this.#members.set(member.id, member)
  }

  /** @param {T} member */
  delete (member) {
    this.#members.delete(member.id)
    if (this.#members.size > 0) return
    for (const done of [...this.#waiting]) done()
  }

  /** @param {number} id */
  get (id) {
    return this.#members.get(id)
  }

  /** @returns {T[]} a copy: members may leave while it is gone through */
  all () {
    return [...this.#members.values()]
  }

  /**
   * @param {number} timeout milliseconds
   * @returns {Promise<boolean>} whether all have left in time
   */
  empty (timeout) {
    if (this.#members.size === 0) return Promise.resolve(true)
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#waiting.delete(done)
        resolve(this.#members.size === 0)
      }
      const timer = setTimeout(done, timeout)
      this.#waiting.add(done)
    })
  }
}
