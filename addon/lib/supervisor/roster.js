/**
 * The workers that have not ended, in any state.
 * @template {{ id: number }} T
 */
export class Roster {
  /** @type {Map<number, T>} */
  #members = new Map()

  /** @type {Array<() => void>} */
  #waiting = []

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
    for (const done of this.#waiting.splice(0)) done()
  }

  /** @param {number} id */
  get (id) {
    return this.#members.get(id)
  }

  /** @returns {T[]} a copy: members may leave while the caller iterates over it */
  all () {
    return [...this.#members.values()]
  }

  /**
   * Resolves when all have left.
   * @returns {Promise<void>}
   */
  async empty () {
    if (this.#members.size > 0) {
      await /** @type {Promise<void>} */ (new Promise((resolve) => { this.#waiting.push(resolve) }))
    }
  }
}
