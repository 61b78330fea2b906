/**
 * Colours for a terminal, and plain text for everything else.
 */

import * as util from 'node:util'

/**
 * @typedef {'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan'} Look
 * @typedef {(text: string, ...looks: Look[]) => string} Paint
 */

/** @type {Paint} */
export const plain = (text) => text

/** @type {Paint} */
function coloured (text, ...looks) {
  return looks.reduce((inner, look) =>
    // Whether there are colours has been decided; later versions of Node would decide again.
    /** @type {any} */ (util.styleText)(look, inner, { validateStream: false }), text)
}

/**
 * @param {{ isTTY?: boolean }} stream
 * @param {Record<string, string | undefined>} [env]
 * @returns {Paint}
 */
export function paintFor (stream, env = process.env) {
  return hasColours(stream, env) && util.styleText !== undefined ? coloured : plain
}

/**
 * As in Node: FORCE_COLOR (https://force-color.org) overrides NO_COLOR (https://no-color.org).
 * @param {{ isTTY?: boolean }} stream
 * @param {Record<string, string | undefined>} env
 */
function hasColours (stream, { FORCE_COLOR, NO_COLOR, TERM }) {
  if (FORCE_COLOR !== undefined) return !['0', 'false'].includes(FORCE_COLOR)
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false
  return stream.isTTY === true && TERM !== 'dumb'
}
