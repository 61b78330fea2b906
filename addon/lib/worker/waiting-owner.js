/** @typedef {import('./fork-server.js').ServerOwner} ServerOwner */

/**
 * Keeps what a fork server reports until it has an owner.
 * @implements {ServerOwner}
 */
export class WaitingOwner {
  /** @type {((owner: ServerOwner) => void)[]} */
  #reports = []

  /** @type {ServerOwner['onServerReady']} */
  onServerReady (...report) {
    this.#reports.push((owner) => owner.onServerReady(...report))
  }

  /** @type {ServerOwner['onServerGone']} */
  onServerGone (...report) {
    this.#reports.push((owner) => owner.onServerGone(...report))
  }

  /** @type {ServerOwner['onServerLine']} */
  onServerLine (...report) {
    this.#reports.push((owner) => owner.onServerLine(...report))
  }

  /** @param {ServerOwner} owner */
  passOn (owner) {
    for (const report of this.#reports) report(owner)
  }
}
