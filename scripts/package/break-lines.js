/** Breaks minified JavaScript into lines. */

import { parseSync } from 'rolldown/utils'

/** Characters after which a line ends as soon as it can. */
const WIDTH = 100

/**
 * Node prints the line in which an uncaught error was thrown. Of a file with one line that would be
 * all of it. The lines begin where a statement, a member of a class or another item of a list does,
 * which JavaScript allows everywhere.
 * @param {string} name of the file
 * @param {string} code of a CommonJS module
 * @returns {string}
 */
export function breakLines (name, code) {
  const { program, errors } = parseSync(name, code, { sourceType: 'commonjs' })
  if (errors.length > 0) throw new Error(`${name}: ${errors[0].message}`)
  let from = 0
  let text = ''
  for (const at of [...new Set(starts(program))].sort((a, b) => a - b)) {
    if (at - Math.max(from, code.lastIndexOf('\n', at) + 1) < WIDTH) continue
    text += `${code.slice(from, at)}\n`
    from = at
  }
  return text + code.slice(from)
}

/**
 * Where a line may begin.
 * @param {any} node of the syntax tree
 * @returns {Generator<number>}
 */
function * starts (node) {
  for (const [key, value] of Object.entries(node)) {
    if (Array.isArray(value)) {
      // The text of a template must stay as it is.
      if (key === 'quasis') continue
      for (const [i, item] of value.entries()) {
        if (typeof item?.type !== 'string') continue
        // What is before the first one may be `return` or `async`.
        if (i > 0 || key === 'body') yield item.start
        yield * starts(item)
      }
    } else if (typeof value?.type === 'string') {
      yield * starts(value)
    }
  }
}
