// Every error code is documented and declared, and no other is.
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { describe, it } from 'node:test'

import { httpStatus } from '../../addon/lib/http/error-status.js'

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

/** @returns {string[]} the codes in the files of a folder with this ending, sorted */
function codesIn (folder, ending) {
  const files = readdirSync(new URL(`../../${folder}/`, import.meta.url), { recursive: true })
  const text = files.filter((name) => name.endsWith(ending))
    .map((name) => read(`${folder}/${name}`)).join('\n')
  return [...new Set(text.match(/(?<=['"])ERR_[A-Z_]+(?=['"])/g))].sort()
}

const inJs = codesIn('addon/lib', '.js')
const inNative = codesIn('addon/src', '.cc')
/** In code that is added to the published package. */
const inEntries = codesIn('scripts/package', '.js')

/** The rows of the tables: the code, and the status or NaN. */
const rows = read('docs/errors.md').split('\n')
  .map((line) => /^\| `(ERR_[A-Z_]+)` \|.*\| (\d+|–) \|$/.exec(line))
  .filter((match) => match !== null)
  .map(([, code, status]) => ({ code, status: Number(status) }))

describe('error codes', () => {
  it('are all documented, once', () => {
    assert(inJs.length > 20)
    const all = [...new Set([...inJs, ...inNative, ...inEntries])].sort()
    assert.deepEqual(rows.map((row) => row.code).sort(), all)
  })

  it('are documented with the status that the listener answers with', () => {
    for (const { code, status } of rows) {
      if (!Number.isNaN(status)) assert.equal(httpStatus({ code }), status, code)
    }
    assert(rows.filter(({ status }) => status >= 400).length > 15)
  })

  it('are all declared', () => {
    const declared = codesIn('addon/lib/types', '.d.ts')
    assert.deepEqual(declared, inJs)
  })
})
