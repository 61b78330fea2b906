/** What the dashboard shows of a handler of this process. */

import { parseStacks } from '../worker/stack-report.js'
import { Recorder } from './recorder.js'
import { createSections } from './sections.js'

/** @typedef {import('./parts.js').Parts} Parts */
/** @typedef {import('./parts.js').Source} Source */

/** @implements {Source} */
export class LocalSource {
  #sent = 0

  #actions

  /** @param {Parts} parts */
  constructor (parts) {
    const { supervisor, settings, observers } = parts
    this.supervisor = supervisor
    this.recorder = new Recorder({
      rootPath: settings.rootPath,
      templates: () => supervisor.workers.find(({ readyAt }) => readyAt > 0)?.routes ?? []
    })
    observers.add(this.recorder)
    this.sections = createSections(parts, this.recorder)
    this.#actions = createActions(parts)
  }

  history () {
    return this.recorder.listSeconds()
  }

  news () {
    const seconds = this.recorder.listSeconds(this.#sent + 1)
    this.#sent = seconds.at(-1)?.[0] ?? this.#sent
    return seconds
  }

  isOver () {
    return this.supervisor.state === 'closed'
  }

  /** @param {string} id */
  async failure (id) {
    return this.recorder.failures.textOf(Number(id))
  }

  /**
   * @param {string} action
   * @param {string} worker
   */
  async act (action, worker) {
    return this.#actions[action]?.(Number(worker))
  }
}

/** @typedef {Record<string, (worker: number) => Promise<object | null>>} Actions */

/**
 * What the buttons do. The result is sent to the page; null: there is no such worker.
 * @param {Parts} parts
 * @returns {Actions}
 */
function createActions ({ supervisor, settings }) {
  return {
    __proto__: /** @type {any} */ (null),
    reload: async () => {
      await supervisor.reload(settings.timeouts.retire)
      return {}
    },
    recycle: async (id) => {
      const worker = supervisor.worker(id)
      worker?.recycle()
      return worker ? {} : null
    },
    stacks: async (id) => {
      const worker = supervisor.worker(id)
      return worker ? parseStacks(await worker.stacks()) : null
    }
  }
}
