/**
 * Blocks that show a file of examples/, or parts of it. Their first line names the file, as in
 * `// examples/chat/server.js`, and a comment of … stands for lines that are left out. They are
 * compared with the file. A test of the example runs it.
 */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

const NAME = /^(?:#|\/\/) (examples\/[\w./+[\]-]+)\n/

const LEFT_OUT = /^ *(?:#|\/\/) …\n/m

/**
 * @param {string} code of a block
 * @returns {boolean} false: it is no such block
 */
export function checkExcerpt (code) {
  const name = NAME.exec(code)?.[1]
  if (name === undefined) return false
  const text = readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
  let position = 0
  for (const part of code.replace(NAME, '').split(LEFT_OUT)) {
    const found = text.indexOf(part.trim(), position)
    assert.notEqual(found, -1, `${name} does not have these lines there:\n${part.trim()}`)
    position = found + part.trim().length
  }
  return true
}
