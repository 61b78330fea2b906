/** The published package, made from this checkout and installed in a folder of its own. */

import { execFile } from 'node:child_process'
import {
  copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { platformName } from '../../addon/lib/native/platform.js'
import { INDEX } from '../../scripts/package/platform-package.js'
import { BINARIES, packageName } from '../../scripts/package/platforms.js'
import { stagePackage } from '../../scripts/package/stage.js'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))
const build = process.env.NODE_ASGI_BUILD || 'release'

/**
 * A project with the package in its `node_modules`, next to the packages of the checkout.
 * @param {Record<string, any>} [exports] further entries for the `exports` of the checkout
 * @returns {Promise<string>} its folder, which has to be removed
 */
export async function installPackage (exports = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'node-asgi-package-'))
  const modules = join(folder, 'node_modules')
  mkdirSync(modules)
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
  await placePackage(modules, exports)
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  return folder
}

/**
 * Puts the package into a `node_modules`, in place of one that is there.
 * @param {string} modules
 * @param {Record<string, any>} [exports] further entries for the `exports` of the checkout
 */
export async function placePackage (modules, exports = {}) {
  const folder = join(modules, 'node-asgi')
  rmSync(folder, { recursive: true, force: true })
  await stagePackage(folder, { exports })
  installBinaries(modules)
}

/** Puts what the checkout has built where the package for this platform would be. */
function installBinaries (/** @type {string} */ modules) {
  const folder = join(modules, packageName(platformName()))
  mkdirSync(folder, { recursive: true })
  for (const file of BINARIES) copyFileSync(join(root, 'build', build, file), join(folder, file))
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  writeFileSync(join(folder, 'index.js'), INDEX)
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ version }))
}

/**
 * Runs a program of the project, and fails with its output unless it succeeds.
 * @param {string} folder of the project
 * @param {Record<string, string>} files of the project: their names and contents
 * @param {string[]} command arguments of Node
 * @returns {Promise<string>} its output
 */
export async function runIn (folder, files, command) {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  const { stdout } = await run(process.execPath, command, { cwd: folder }).catch((error) => {
    throw new Error(`${error.message}\n${error.stdout}\n${error.stderr}`)
  })
  return stdout
}

/** Packs the package of a project and returns the path of the tarball. */
export async function packIn (folder) {
  const { stdout } = await run('npm', ['pack', './node_modules/node-asgi', '--json'], {
    cwd: folder
  })
  return join(folder, JSON.parse(stdout)[0].filename)
}

/** Removes what installPackage() has made. */
export function removePackage (/** @type {string} */ folder) {
  rmSync(folder, { recursive: true, force: true })
}
