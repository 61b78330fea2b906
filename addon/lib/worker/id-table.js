/**
 * A table of entries by number. Numbers go up by one, and most entries leave soon.
 *
 * A Map would work, but V8 moves it to a new table again and again as entries come and go, and each
 * old table points to the next one. Once the garbage collector has promoted one of them, everything
 * that was ever in them survives until a full collection. That cost a third of all requests/s.
 */

/** How many consecutive numbers have a place of their own (32 KiB). A power of two. */
const RECENT = 4096

/** @template {{ id: number }} T */
export class IdTable {
  /** @type {(T | undefined)[]} */
  #recent = new Array(RECENT).fill(undefined)

  /** @type {Map<number, T>} entries whose place a younger one has taken */
  #older = new Map()

  /**
   * @param {number} id larger than any before
   * @param {T} entry whose `id` is, or is about to become, the same number
   */
  set (id, entry) {
    const place = id & (RECENT - 1)
    const old = this.#recent[place]
    if (old !== undefined) this.#older.set(old.id, old)
    this.#recent[place] = entry
  }

  /**
   * @param {number} id
   * @returns {T | undefined}
   */
  get (id) {
    const entry = this.#recent[id & (RECENT - 1)]
    if (entry !== undefined && entry.id === id) return entry
    return this.#older.size > 0 ? this.#older.get(id) : undefined
  }

  /** @param {number} id */
  delete (id) {
    const place = id & (RECENT - 1)
    if (this.#recent[place]?.id === id) this.#recent[place] = undefined
    else this.#older.delete(id)
  }

  /** @returns {T[]} oldest first */
  values () {
    const recent = /** @type {T[]} */ (this.#recent.filter((entry) => entry !== undefined))
    return [...this.#older.values(), ...recent].sort((a, b) => a.id - b.id)
  }

  clear () {
    this.#recent.fill(undefined)
    this.#older.clear()
  }
}
