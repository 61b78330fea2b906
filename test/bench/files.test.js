// Benchmarks run too long to be part of the tests, so at least the files that they name must exist.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'

const BENCH = fileURLToPath(new URL('../../bench/', import.meta.url))
const sources = ['', 'support']
  .flatMap(folder => readdirSync(join(BENCH, folder), { recursive: folder !== '' })
    .map(name => join(BENCH, folder, name)))
  .filter(file => file.endsWith('.js'))

/** Created by an installation, a build or a run. */
const GENERATED = /\/(bench\/(\.\w+|results\/?)|build\/.*)$/
const NAMED = [
  /from '(\.[^']+)'/g,
  /new URL\('([^']+)', import\.meta\.url\)/g,
  /startLoadProcess\('([^']+)'/g
]

test('every file that a benchmark names exists', () => {
  assert.ok(sources.length > 30, `${sources.length} sources`)
  for (const source of sources) {
    const text = readFileSync(source, 'utf8')
    for (const pattern of NAMED) {
      for (const [, name] of text.matchAll(pattern)) {
        const base = pattern === NAMED[2] ? join(BENCH, 'support/loads/load-process.js') : source
        const file = fileURLToPath(new URL(name, pathToFileURL(base)))
        if (GENERATED.test(file)) continue
        assert.ok(existsSync(file), `${source} names ${name}`)
      }
    }
  }
})
