/**
 * What `node-asgi --version` prints: the versions of everything that may matter to a question. It
 * must not fail, because what is missing may be the question.
 */

import { readFileSync } from 'node:fs'

import { familySync, versionSync } from 'detect-libc'

import { findNativeFiles } from '../native/find.js'
import { packageName } from '../native/packages.js'
import { platformName } from '../native/platform.js'
import { chooseInterpreter } from '../interpreter/choose.js'
import { parseOptions } from '../options.js'
import { columns } from './columns.js'
import { surveyPython } from './survey.js'

/** @returns {string} of node-asgi */
export function ownVersion () {
  const url = new URL('../../../package.json', import.meta.url)
  return JSON.parse(readFileSync(url, 'utf8')).version
}

/**
 * @param {Record<string, any>} options of the handler
 * @returns {Promise<string>}
 */
export async function versionText (options) {
  const { node, napi, v8, uv } = process.versions
  const libc = familySync()
  return columns([
    ['node-asgi', ownVersion()],
    ['native files', attempt(nativeFiles)],
    ['Node.js', `${node} (V8 ${v8}, libuv ${uv})`],
    ['Node-API', napi ?? '-'],
    ['platform', platformName() + (libc === null ? '' : ` (${libc} ${versionSync() ?? '?'})`)],
    ...await pythonRows(options)
  ])
}

/** Where the native files come from. */
function nativeFiles () {
  const { worker } = findNativeFiles()
  return worker.includes('node_modules') ? `${packageName(platformName())} ${ownVersion()}` : worker
}

/** @param {Record<string, any>} options */
async function pythonRows (options) {
  try {
    const settings = parseOptions(options)
    const interpreter = chooseInterpreter(settings, { ...process.env, ...settings.env })
    const { version, executable, distributions } = await surveyPython(interpreter, settings)
    return [
      ['Python', `${version} (${executable}, from ${interpreter.reason})`],
      ...Object.entries(distributions)
    ]
  } catch (error) {
    return [['Python', /** @type {Error} */ (error).message]]
  }
}

/** @param {() => string} look */
function attempt (look) {
  try {
    return look()
  } catch (error) {
    return /** @type {Error} */ (error).message
  }
}
