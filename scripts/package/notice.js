/** The licences of what is compiled into the native files. */

import { readFileSync } from 'node:fs'

import { linkedIn } from './linked.js'

const LINE = '='.repeat(80)

/**
 * @param {string} platform
 * @returns {string} the text of the file NOTICE in its package
 */
export function notice (platform) {
  const parts = linkedIn(platform)
  return [
    'The native files of node-asgi contain code from these projects, whose licences follow:\n',
    ...parts.map(({ name, version, licence }) => `- ${name} ${version}: ${licence}`),
    ...parts.map(({ name, file }) =>
      `\n${LINE}\n${name}\n${LINE}\n\n${readFileSync(file, 'utf8').trim()}`)
  ].join('\n') + '\n'
}
