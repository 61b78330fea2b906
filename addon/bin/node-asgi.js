#!/usr/bin/env node
import { mkdirSync } from 'node:fs'
import module from 'node:module'
import { join } from 'node:path'

// Node keeps the compiled code of what is loaded from here on, unless NODE_DISABLE_COMPILE_CACHE is
// set, and does without if it cannot. Not in the directory for temporary files, its default: there,
// another user could put the code of this program. Node 20 has no such cache.
const { XDG_CACHE_HOME, HOME } = process.env
const caches = XDG_CACHE_HOME || (HOME && join(HOME, '.cache'))
const { enableCompileCache } = /** @type {any} */ (module)
if (caches && enableCompileCache !== undefined) {
  const folder = join(caches, 'node-asgi')
  try {
    // Node would try for ever where no folder can be made although the one above is there (/proc).
    for (const each of [caches, folder]) makeFolder(each)
    enableCompileCache(folder)
  } catch {
    // Then each start compiles.
  }
}

/** @param {string} path */
function makeFolder (path) {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error
  }
}

import('../lib/cli/main.js').then(({ main }) => main(process.argv.slice(2))).then((exitCode) => {
  process.exitCode = exitCode
})
