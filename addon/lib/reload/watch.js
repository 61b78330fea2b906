/**
 * Watches source files, for --reload and for development servers.
 */

import { existsSync } from 'node:fs'
import { basename, dirname, extname, join, relative } from 'node:path'

import { chokidar, picomatch } from '../util/lazy.js'
import { namesFlags } from '../util/option-name.js'
import { userPath } from '../util/user-path.js'
import { LinkWatch } from './link-watch.js'

/** Milliseconds without a change that end a burst: saving a file causes several changes. */
const QUIET = 50

/** Folders without sources of the application. Hidden ones and virtual environments are others. */
const IGNORED = new Set(['node_modules', '__pycache__'])

/** Errors that concern the whole system rather than one file: each further file meets them too. */
const LIMITS = new Set(['ENOSPC', 'EMFILE'])

/**
 * @typedef {object} WatchedFiles
 * @property {string[]} folders absolute
 * @property {readonly string[]} [extensions] without the dot
 * @property {readonly string[]} [exclude] patterns, for names and for paths below the folders
 * @property {number | null} [poll] milliseconds between two looks; null: the system tells
 * @property {boolean} [persistent] whether this keeps Node running, which it does by default
 */

/**
 * @typedef {object} Audience
 * @property {() => void} [onBegin] a burst of changes begins, of which onChange will tell
 * @property {(paths: string[]) => void} onChange gets the files that were changed, created or
 *   removed, and the folders that lead elsewhere now, relative to the working directory
 * @property {(error: Error) => void} onError changes may be missed; the message says why
 */

/** @typedef {WatchedFiles & Audience} Watch */

/**
 * @typedef {{ ready: Promise<void>, close: () => Promise<void> }} Watcher ready: from now on every
 *   change is reported, or there was an error, or the watcher was closed
 */

/**
 * Watches folders, also when a link in their paths is switched to others. Inside the folders, links
 * to files are followed; links to folders are not, because they may lead back to a parent.
 * @param {Watch} options
 * @returns {Watcher}
 */
export function watchFiles (options) {
  let watcher = watchTrees(options)
  let isClosed = false
  const links = new LinkWatch(options.folders, async (folders) => {
    await watcher.close()
    if (isClosed) return
    watcher = watchTrees(options)
    await watcher.ready
    if (!isClosed) options.onChange(folders.map(shown))
  })
  return {
    ready: watcher.ready,
    close () {
      isClosed = true
      links.close()
      return watcher.close()
    }
  }
}

/**
 * @param {string} path absolute
 * @returns {string} relative to the working directory, if it is below that
 */
function shown (path) {
  const fromHere = relative(userPath('.'), path)
  return fromHere === '' || fromHere.startsWith('..') ? path : fromHere
}

/**
 * @param {Watch} options
 * @returns {Watcher}
 */
function watchTrees ({
  folders, extensions = ['py'], exclude = [], poll = null, persistent = true,
  onBegin, onChange, onError
}) {
  const wanted = new Set(extensions.map((extension) => `.${extension}`))
  const roots = new Set(folders)
  const isExcluded = excluder(exclude, folders)
  let isLimitTold = false
  /** @type {() => void} */
  let settle
  /** @type {Promise<void>} */
  const ready = new Promise((resolve) => { settle = resolve })

  const watcher = chokidar().watch(folders, {
    persistent,
    ignoreInitial: true,
    atomic: true,
    ...poll === null ? {} : { usePolling: true, interval: poll, binaryInterval: poll },
    ignored: (path, stats) => {
      if (stats === undefined || roots.has(path)) return false
      if (isExcluded(path)) return true
      return stats.isDirectory() ? isIgnored(path, roots) : !wanted.has(extname(path))
    }
  })
  const changes = new Burst(onChange, onBegin)
  const lost = new Burst((paths) => {
    for (const path of paths) {
      // The folder above reports that a folder is back, but nothing watches above a root.
      if (!roots.has(path) && !existsSync(path)) continue
      watcher.unwatch(path)
      watcher.add(path)
    }
  })
  watcher.on('all', (event, path) => {
    // Checked again, because a watched folder may have become a virtual environment.
    if (!wanted.has(extname(path)) || isIgnored(dirname(path), roots)) return
    if (isExcluded(path)) return
    changes.add(shown(path))
  })
  // The watched folder itself was removed. Code generators and Git create another one of that name
  // a moment later, which chokidar does not notice: it keeps watching the old one.
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

/**
 * A pattern without a slash is for the names of files and folders anywhere, others are for paths,
 * as in .gitignore.
 * @param {readonly string[]} patterns
 * @param {string[]} folders
 * @returns {(path: string) => boolean}
 */
function excluder (patterns, folders) {
  const trimmed = patterns.map((pattern) => pattern.replace(/^\.\//, '').replace(/\/$/, ''))
  const matchers = trimmed.map((pattern) =>
    picomatch()(pattern.startsWith('/') ? pattern.slice(1) : pattern,
      { dot: true, matchBase: !pattern.includes('/') }))
  return (path) => folders.some((folder) => {
    const below = relative(folder, path)
    return below !== '' && !below.startsWith('..') && matchers.some((matches) => matches(below))
  })
}

/** Collects items that come in quick succession, and hands them on together. */
class Burst {
  /** @type {Set<string>} */
  #items = new Set()

  /** @type {NodeJS.Timeout | undefined} */
  #timer

  /**
   * @param {(items: string[]) => void} onEnd
   * @param {() => void} [onBegin]
   */
  constructor (onEnd, onBegin = () => {}) {
    this.onEnd = onEnd
    this.onBegin = onBegin
  }

  /** @param {string} item */
  add (item) {
    if (this.#items.size === 0) this.onBegin()
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
 * Whether this folder, or one between it and its root, is to be ignored. Folders above the root do
 * not count.
 * @param {string} folder
 * @param {Set<string>} roots
 */
function isIgnored (folder, roots) {
  let ignored = false
  for (; !roots.has(folder); folder = dirname(folder)) {
    if (folder === dirname(folder)) return false
    const name = basename(folder)
    ignored ||= name.startsWith('.') || IGNORED.has(name) || existsSync(join(folder, 'pyvenv.cfg'))
  }
  return ignored
}

/** @param {NodeJS.ErrnoException} error */
function explain (error) {
  const advice = LIMITS.has(error.code ?? '')
    ? '; raise the limits fs.inotify.max_user_watches and max_user_instances (sysctl), or watch ' +
      'fewer folders with ' + (namesFlags() ? '--reload-dir' : 'watch.folders')
    : ''
  return new Error(`cannot watch files: ${error.message}${advice}`, { cause: error })
}
