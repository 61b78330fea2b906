/**
 * Watches source files, for --reload.
 */

import { existsSync } from 'node:fs'
import { basename, dirname, extname, join, relative } from 'node:path'

import { watch } from 'chokidar'

/** Milliseconds without a change after which a burst of them is over: an editor saves more than one. */
const QUIET = 50

/** Folders that hold no source of the application, beside hidden ones and virtual environments. */
const LEFT_OUT = new Set(['node_modules', '__pycache__'])

/** Of the system, not of one file: every further file meets them too. */
const LIMITS = new Set(['ENOSPC', 'EMFILE'])

/**
 * Links to files are followed, links to folders are not, as they may lead back to where they are.
 * @param {object} options
 * @param {string[]} options.folders absolute
 * @param {string[]} [options.extensions] without the dot
 * @param {(paths: string[]) => void} options.onChange files that were changed, made or removed,
 *   relative to the working directory
 * @param {(error: Error) => void} options.onError it may not see every change; the message says why
 * @returns {{ ready: Promise<void>, close: () => Promise<void> }} ready: every later change is seen,
 *   or there was an error, or it was closed
 */
export function watchFiles ({ folders, extensions = ['py'], onChange, onError }) {
  const wanted = new Set(extensions.map((extension) => `.${extension}`))
  const roots = new Set(folders)
  let isLimitTold = false
  /** @type {() => void} */
  let settle
  /** @type {Promise<void>} */
  const ready = new Promise((resolve) => { settle = resolve })

  const watcher = watch(folders, {
    ignoreInitial: true,
    atomic: true,
    ignored: (path, stats) => {
      if (stats === undefined || roots.has(path)) return false
      return stats.isDirectory() ? isLeftOut(path, roots) : !wanted.has(extname(path))
    }
  })
  const changes = new Burst(onChange)
  const lost = new Burst((paths) => {
    for (const path of paths) {
      // A root has nobody else who sees it come back.
      if (!roots.has(path) && !existsSync(path)) continue
      watcher.unwatch(path)
      watcher.add(path)
    }
  })
  watcher.on('all', (event, path) => {
    // Once more: a folder that was watched may have become a virtual environment.
    if (!wanted.has(extname(path)) || isLeftOut(dirname(path), roots)) return
    changes.add(relative(process.cwd(), path))
  })
  // What is watched was itself removed. chokidar does not notice when there is another folder of
  // that name a moment later, as code generators and Git leave it, and goes on watching the old one.
  watcher.on('raw', (event, name, details) => {
    const { watchedPath } = /** @type {{ watchedPath: string }} */ (details)
    if (event === 'rename' && name === basename(watchedPath) && !wanted.has(extname(name))) {
      lost.add(watchedPath)
    }
  })
  watcher.on('ready', () => settle())
  watcher.on('error', (error) => {
    settle()
    const { code = '' } = /** @type {NodeJS.ErrnoException} */ (error)
    if (LIMITS.has(code)) {
      if (isLimitTold) return
      isLimitTold = true
    }
    onError(explain(/** @type {NodeJS.ErrnoException} */ (error)))
  })
  return {
    ready,
    close () {
      settle()
      changes.clear()
      lost.clear()
      return watcher.close()
    }
  }
}

/** Things that come in quick succession, handed on together. */
class Burst {
  /** @type {Set<string>} */
  #items = new Set()

  /** @type {NodeJS.Timeout | undefined} */
  #timer

  /** @param {(items: string[]) => void} onEnd */
  constructor (onEnd) {
    this.onEnd = onEnd
  }

  /** @param {string} item */
  add (item) {
    this.#items.add(item)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      const items = [...this.#items]
      this.#items.clear()
      this.onEnd(items)
    }, QUIET)
  }

  clear () {
    clearTimeout(this.#timer)
    this.#items.clear()
  }
}

/**
 * Whether there is a folder to leave out on the way to this one from its root; what is above the
 * root does not count.
 * @param {string} folder
 * @param {Set<string>} roots
 */
function isLeftOut (folder, roots) {
  let isForeign = false
  for (; !roots.has(folder); folder = dirname(folder)) {
    if (folder === dirname(folder)) return false
    const name = basename(folder)
    isForeign ||= name.startsWith('.') || LEFT_OUT.has(name) || existsSync(join(folder, 'pyvenv.cfg'))
  }
  return isForeign
}

/** @param {NodeJS.ErrnoException} error */
function explain (error) {
  const advice = LIMITS.has(error.code ?? '')
    ? '; raise the limits fs.inotify.max_user_watches and max_user_instances (sysctl), or watch ' +
      'fewer folders with --reload-dir'
    : ''
  return new Error(`files cannot be watched: ${error.message}${advice}`, { cause: error })
}
