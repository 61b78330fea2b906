/**
 * Watches source files, for --reload.
 */

import { existsSync } from 'node:fs'
import { basename, extname, join, relative } from 'node:path'

import { watch } from 'chokidar'

/** Milliseconds without a change after which a burst of them is over: an editor saves more than one. */
const QUIET = 50

/** Folders that hold no source of the application, beside hidden ones and virtual environments. */
const LEFT_OUT = new Set(['node_modules', '__pycache__'])

/**
 * @param {object} options
 * @param {string[]} options.folders absolute
 * @param {string[]} options.extensions without the dot
 * @param {(paths: string[]) => void} options.onChange files that were changed, made or removed,
 *   relative to the working directory
 * @param {(error: Error) => void} options.onError it may not see every change; the message says why
 * @returns {{ ready: Promise<void>, close: () => Promise<void> }} ready: every later change is seen
 */
export function watchFiles ({ folders, extensions, onChange, onError }) {
  const wanted = new Set(extensions.map((extension) => `.${extension}`))
  const roots = new Set(folders)
  /** @type {Set<string>} */
  const changed = new Set()
  /** @type {NodeJS.Timeout | undefined} */
  let timer

  const watcher = watch(folders, {
    ignoreInitial: true,
    ignored: (path, stats) => {
      if (roots.has(path) || stats === undefined) return false
      return stats.isDirectory() ? isLeftOut(path) : !wanted.has(extname(path))
    }
  })
  watcher.on('all', (event, path) => {
    if (!wanted.has(extname(path))) return
    changed.add(relative(process.cwd(), path))
    clearTimeout(timer)
    timer = setTimeout(() => {
      const paths = [...changed]
      changed.clear()
      onChange(paths)
    }, QUIET)
  })
  watcher.on('error', (error) => onError(explain(/** @type {NodeJS.ErrnoException} */ (error))))
  return {
    ready: new Promise((resolve) => { watcher.once('ready', () => resolve()) }),
    close () {
      clearTimeout(timer)
      return watcher.close()
    }
  }
}

/** @param {string} folder */
function isLeftOut (folder) {
  const name = basename(folder)
  return name.startsWith('.') || LEFT_OUT.has(name) || existsSync(join(folder, 'pyvenv.cfg'))
}

/** @param {NodeJS.ErrnoException} error */
function explain (error) {
  const advice = error.code === 'ENOSPC' || error.code === 'EMFILE'
    ? '; raise the limits fs.inotify.max_user_watches and max_user_instances (sysctl), or watch ' +
      'fewer folders with --reload-dir'
    : ''
  return new Error(`files cannot be watched: ${error.message}${advice}`, { cause: error })
}
