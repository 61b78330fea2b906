/** The window with the stack of a request. */

import { element, setText } from './tables.js'

/** @typedef {import('../../worker/stack-report.js').Stacks} Stacks */

/** Lines of a stack about a file that the application only uses. */
const LIBRARY =
  /^ {2}File "(?:.*\/(?:(?:site|dist)-packages|lib\/python[\d.]+|worker\/python)\/|<frozen )/

/** Frames in a row that are folded. */
const FOLDED = 3

const FRAME = /^ {2}File "/

export class StackView {
  #dialog = /** @type {HTMLDialogElement} */ (document.getElementById('stack'))
  #title = /** @type {HTMLElement} */ (document.getElementById('stack-title'))
  #about = /** @type {HTMLElement} */ (document.getElementById('stack-about'))
  #body = /** @type {HTMLElement} */ (document.getElementById('stack-body'))

  /** @type {{ name: string, worker: number }} */
  #shown = { name: '', worker: 0 }

  /** @param {(worker: number) => Promise<Stacks>} ask */
  constructor (ask) {
    this.ask = ask
    document.getElementById('stack-close')?.addEventListener('click', () => this.#dialog.close())
    document.getElementById('stack-again')?.addEventListener('click', () => this.#look())
  }

  /**
   * @param {string} name of the request
   * @param {number} worker
   */
  show (name, worker) {
    this.#shown = { name, worker }
    setText(this.#title, name)
    this.#body.replaceChildren()
    this.#dialog.showModal()
    this.#look()
  }

  async #look () {
    const { name, worker } = this.#shown
    setText(this.#about, `Asking worker ${worker} …`)
    try {
      const { threads, tasks } = await this.ask(worker)
      this.#fill(name, worker, threads, tasks)
    } catch (error) {
      setText(this.#about, /** @type {Error} */ (error).message)
    }
  }

  /**
   * @param {string} name
   * @param {number} worker
   * @param {string} threads
   * @param {Stacks['tasks']} tasks
   */
  #fill (name, worker, threads, tasks) {
    const own = tasks.filter((task) => task.name === decoded(name))
    const running = tasks.find(({ text }) => /^Task .* \(running\):/.test(text))
    const others = tasks.filter((task) => !own.includes(task))
    setText(this.#about, describe(worker, own, running, tasks, threads))
    this.#body.replaceChildren(
      // The title of the window is that of the task.
      ...own.map(({ text }) => stack(text.slice(text.indexOf('\n') + 1))),
      ...running !== undefined && !own.includes(running)
        ? [element('h3', { text: 'What runs in the meantime' }), stack(running.text)]
        : [],
      ...folded(`Other tasks of the worker (${others.length})`, others.map(({ text }) => text)),
      ...folded('Threads of the worker', [threads], own.length === 0))
  }
}

/**
 * @param {number} worker
 * @param {Stacks['tasks']} own
 * @param {Stacks['tasks'][number] | undefined} running
 * @param {Stacks['tasks']} tasks
 * @param {string} threads
 */
function describe (worker, own, running, tasks, threads) {
  if (threads === '' && tasks.length === 0) {
    return `Worker ${worker} has not printed its stacks. It may be stopped, or have ended.`
  }
  if (tasks.length === 0 && own.length === 0) {
    return `Worker ${worker} does not say what its tasks do: its event loop is blocked in native ` +
      'code, or the request has ended. See its threads.'
  }
  if (own.length === 0) return 'The request has ended in the meantime.'
  const others = own.length > 1 ? ` ${own.length} requests have this name.` : ''
  if (own.includes(/** @type {any} */ (running))) {
    return `This request blocks the event loop of worker ${worker}, at the last line.${others}`
  }
  return (running === undefined
    ? 'The request waits at the last line. If that is a thread, its stack is among the threads.'
    : `The request waits, and the event loop of worker ${worker} is busy with something else.`) +
    others
}

/**
 * @param {string} title
 * @param {string[]} texts
 * @param {boolean} [isOpen]
 */
function folded (title, texts, isOpen = false) {
  const some = texts.filter((text) => text !== '')
  if (some.length === 0) return []
  const made = /** @type {HTMLDetailsElement} */ (
    element('details', {}, element('summary', { text: title }), ...some.map(stack)))
  made.open = isOpen
  return [made]
}

/**
 * A stack in which the frames of libraries are folded, unless there are no others.
 * @param {string} text
 */
export function stack (text) {
  /** @type {{ look: string, lines: string[], frames: number }[]} */
  const parts = []
  let look = ''
  for (const line of text.split('\n')) {
    const isFrame = FRAME.test(line)
    if (isFrame) look = LIBRARY.test(line) ? 'library' : 'own'
    else if (!line.startsWith('    ')) look = ''
    let part = parts.at(-1)
    if (part?.look !== look) parts.push(part = { look, lines: [], frames: 0 })
    part.lines.push(line)
    if (isFrame) part.frames++
  }
  const hasOwn = parts.some((part) => part.look === 'own')
  return element('div', { className: 'stack', tabindex: '0', role: 'group', 'aria-label': 'Stack' },
    ...parts.map(({ look, lines, frames }) => {
      const made = element('pre', { className: look, text: lines.join('\n') })
      if (!hasOwn || look !== 'library' || frames < FOLDED) return made
      return element('details', {},
        element('summary', { text: `${frames} frames in libraries` }), made)
    }))
}

/**
 * Python names a task by the path that the application gets.
 * @param {string} name
 */
function decoded (name) {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
