/** Finds the native files: those that a checkout has built, or those of the platform's package. */

import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

import {
  cannotLoadError, notBuiltError, notInstalledError, otherVersionError, packageRemedy,
  unsupportedPlatformError, unsupportedRuntimeError
} from './errors.js'
import { packageName, platformPackages } from './packages.js'
import { platformName } from './platform.js'

const require = createRequire(import.meta.url)

/** @typedef {import('./packages.js').PlatformPackage} PlatformPackage */

/**
 * @typedef {object} NativeFiles
 * @property {() => any} loadAddon Throws ERR_BINDING_NOT_FOUND.
 * @property {string} worker the path of the Python extension module, which the fork server loads
 */

// Only a checkout has it: packages contain nothing to build.
const buildFile = new URL('../../../CMakeLists.txt', import.meta.url)

/**
 * @param {object} [surroundings] of the package; those that a test replaces
 * @param {URL} [surroundings.checkout] the file that only a checkout has
 * @param {string} [surroundings.platform]
 * @param {Record<string, string | undefined>} [surroundings.versions] as in `process.versions`
 * @param {Record<string, PlatformPackage>} [surroundings.packages]
 * @returns {NativeFiles}
 */
export function findNativeFiles ({
  checkout = buildFile, platform: given, packages = platformPackages,
  versions = process.versions
} = {}) {
  // Loading the addon there would abort the process, or fail without saying why.
  for (const [name, version] of [['Bun', versions.bun], ['Deno', versions.deno]]) {
    if (version !== undefined) throw unsupportedRuntimeError(`${name} ${version}`)
  }
  // Not before: what finds out the C library crashes Deno.
  const platform = given ?? platformName()
  return existsSync(checkout)
    ? builtFiles(checkout, platform)
    : installedFiles(platform, packages)
}

/**
 * @param {URL} checkout
 * @param {string} platform
 * @returns {NativeFiles}
 */
function builtFiles (checkout, platform) {
  const folder = new URL(`build/${process.env.NODE_ASGI_BUILD || 'release'}/`, checkout)
  const addon = fileURLToPath(new URL('node_asgi.node', folder))
  if (!existsSync(addon)) throw notBuiltError(addon)
  return {
    loadAddon: () => load(() => require(addon), (error) =>
      cannotLoadError(addon, platform, 'Build it again with `npm run build`', error)),
    worker: fileURLToPath(new URL('_worker.abi3.so', folder))
  }
}

/**
 * @param {string} platform
 * @param {Record<string, PlatformPackage>} packages
 * @returns {NativeFiles}
 */
function installedFiles (platform, packages) {
  if (!Object.hasOwn(packages, platform)) {
    throw unsupportedPlatformError(platform, Object.keys(packages))
  }
  const found = packages[platform]
  const name = packageName(platform)
  const { version } = require('node-asgi/package.json')
  const installed = load(found.version, (error) =>
    notInstalledError(name, version, otherPackages(platform, packages), error))
  if (installed !== version) throw otherVersionError(name, installed, version)
  return {
    loadAddon: () => load(found.loadAddon, (error) =>
      cannotLoadError(`${name}/node_asgi.node`, platform, packageRemedy(platform), error)),
    worker: found.findWorker()
  }
}

/** The packages that are installed, but are for another platform. */
function otherPackages (
  /** @type {string} */ platform, /** @type {Record<string, PlatformPackage>} */ packages
) {
  return Object.keys(packages)
    .filter((name) => name !== platform && isInstalled(packages[name]))
    .map(packageName)
}

/** @returns {boolean} */
function isInstalled (/** @type {PlatformPackage} */ { version }) {
  try {
    version()
    return true
  } catch {
    return false
  }
}

/**
 * @template T
 * @param {() => T} read
 * @param {(error: unknown) => Error} explain
 * @returns {T}
 */
function load (read, explain) {
  try {
    return read()
  } catch (error) {
    throw explain(error)
  }
}
