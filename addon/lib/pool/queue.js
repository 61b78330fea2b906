/**
 * A place in the queue. It can be removed as long as the item has not been taken.
 * @template T
 */
export class Ticket {
  /**
   * @param {Queue<T>} queue
   * @param {T} item
   */
  constructor (queue, item) {
    /** @type {Queue<T> | null} */
    this.queue = queue
    this.item = item
    /** @type {Ticket<T> | null} */
    this.previous = null
    /** @type {Ticket<T> | null} */
    this.next = null
  }

  remove () {
    if (this.queue !== null) this.queue.remove(this)
  }
}

/**
 * A bounded first-in, first-out queue. Items can also leave from the middle.
 * @template T
 */
export class Queue {
  /** @type {Ticket<T> | null} */
  #first = null

  /** @type {Ticket<T> | null} */
  #last = null

  /** @param {number} limit */
  constructor (limit) {
    this.limit = limit
    this.length = 0
  }

  /** @returns {T | null} the item that has waited for the longest time */
  get first () {
    return this.#first?.item ?? null
  }

  /**
   * @param {T} item
   * @returns {Ticket<T> | null} null: the queue is full
   */
  push (item) {
    if (this.length >= this.limit) return null
    const ticket = new Ticket(this, item)
    ticket.previous = this.#last
    if (this.#last === null) this.#first = ticket
    else this.#last.next = ticket
    this.#last = ticket
    this.length++
    return ticket
  }

  /** @returns {T | null} null: the queue is empty */
  shift () {
    const ticket = this.#first
    if (ticket === null) return null
    this.remove(ticket)
    return ticket.item
  }

  /** @param {Ticket<T>} ticket */
  remove (ticket) {
    if (ticket.queue !== this) return
    ticket.queue = null
    if (ticket.previous === null) this.#first = ticket.next
    else ticket.previous.next = ticket.next
    if (ticket.next === null) this.#last = ticket.previous
    else ticket.next.previous = ticket.previous
    ticket.previous = ticket.next = null
    this.length--
  }

  /** The items, first to last. They may be removed during the iteration. */
  * [Symbol.iterator] () {
    let ticket = this.#first
    while (ticket !== null) {
      const { next } = ticket
      if (ticket.queue === this) yield ticket.item
      ticket = next
    }
  }
}
