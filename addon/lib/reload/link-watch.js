/**
 * Notices when a deployment switches a symbolic link in a path to another folder. Watching the
 * folder does not: it goes on to watch the one that the link led to.
 */

import { realpathSync } from 'node:fs'

/** Milliseconds between two looks. */
const INTERVAL = 250

export class LinkWatch {
  /** @type {Map<string, string | undefined>} where each folder leads */
  #targets

  /** @type {NodeJS.Timeout} */
  #timer

  /**
   * @param {string[]} folders absolute
   * @param {(folders: string[]) => void} onSwitch gets those that lead elsewhere now
   */
  constructor (folders, onSwitch) {
    this.onSwitch = onSwitch
    this.#targets = new Map(folders.map((folder) => [folder, target(folder)]))
    this.#timer = setInterval(() => this.#look(), INTERVAL)
    this.#timer.unref()
  }

  #look () {
    const switched = []
    for (const [folder, before] of this.#targets) {
      const now = target(folder)
      // It may be missing for a moment while it is being switched.
      if (now === undefined || now === before) continue
      this.#targets.set(folder, now)
      switched.push(folder)
    }
    if (switched.length > 0) this.onSwitch(switched)
  }

  close () {
    clearInterval(this.#timer)
  }
}

/** @param {string} path */
function target (path) {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}
