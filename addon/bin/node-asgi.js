#!/usr/bin/env node
import module from 'node:module'
import { join } from 'node:path'

// Node keeps the compiled code of what is loaded from here on, unless NODE_DISABLE_COMPILE_CACHE is
// set, and does without if it cannot. Not in the directory for temporary files, its default: there,
// another user could put the code of this program. Node 20 has no such cache.
const { XDG_CACHE_HOME, HOME } = process.env
const caches = XDG_CACHE_HOME || (HOME && join(HOME, '.cache'))
if (caches) /** @type {any} */ (module).enableCompileCache?.(join(caches, 'node-asgi'))

import('../lib/cli/main.js').then(({ main }) => main(process.argv.slice(2))).then((exitCode) => {
  process.exitCode = exitCode
})
