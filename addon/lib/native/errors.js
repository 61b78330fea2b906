/** Errors about native files that cannot be used. */

import { versionSync } from 'detect-libc'

import { NodeAsgiError } from '../errors/classes.js'

/** The oldest glibc that the packages run on (cmake/zig.cmake). */
const MIN_GLIBC = '2.28'

const SOURCE = 'clone https://github.com/node-asgi/node-asgi, run `npm run build` there, and ' +
  'install that folder with `npm install <folder>`'

const notFound = (/** @type {string} */ message, /** @type {unknown} */ cause) =>
  new NodeAsgiError('ERR_BINDING_NOT_FOUND', message, { cause })

/**
 * @param {string} platform
 * @param {string[]} platforms that have a package
 */
export function unsupportedPlatformError (platform, platforms) {
  const remedy = platform.startsWith('win32')
    ? 'Install Node.js, Python and node-asgi in WSL (https://learn.microsoft.com/windows/wsl): ' +
      'node-asgi shares memory and descriptors with its Python processes as Unix does'
    : `Build it from source: ${SOURCE}`
  return new NodeAsgiError('ERR_UNSUPPORTED_PLATFORM', 'node-asgi has no package for the ' +
    `platform ${platform}, only for ${platforms.join(', ')}. ${remedy}`)
}

/** @param {string} runtime its name and version */
export function unsupportedRuntimeError (runtime) {
  return new NodeAsgiError('ERR_UNSUPPORTED_RUNTIME', 'node-asgi runs in Node.js, not in ' +
    `${runtime}, which lacks the functions of libuv that node-asgi watches its Python processes ` +
    'with. Run the program with `node`')
}

/**
 * @param {string} name of the package
 * @param {string} version that is needed
 * @param {string[]} others packages for other platforms that are installed
 * @param {unknown} cause
 */
export function notInstalledError (name, version, others, cause) {
  const why = others.length > 0
    ? `${others.join(' and ')} is installed, for another platform: node_modules was copied from ` +
      'there, or npm ran for that platform'
    : 'npm leaves it out with --omit=optional, and with a lock file that was made on another ' +
      'platform'
  return notFound(`The package ${name} is not installed. It has the native files of node-asgi ` +
    `for the platform that Node.js runs on. ${why}. ` +
    `Run \`npm install --save-optional ${name}@${version}\``, cause)
}

/**
 * @param {string} name of the package
 * @param {string} version that is installed
 * @param {string} needed
 */
export function otherVersionError (name, version, needed) {
  return notFound(`node-asgi ${needed} needs the package ${name} in the same version, but ` +
    `version ${version} is installed. Run \`npm install --save-optional ${name}@${needed}\``,
  undefined)
}

/** @param {string} path of the addon */
export function notBuiltError (path) {
  return notFound(`There is no ${path}. This is a checkout of node-asgi: build it with ` +
    '`npm run build`', undefined)
}

/**
 * @param {string} addon its path, or its place in a package
 * @param {string} platform
 * @param {string} remedy
 * @param {unknown} cause
 */
export function cannotLoadError (addon, platform, remedy, cause) {
  return notFound(`Node.js ${process.version} for ${platform} cannot load ${addon}: ` +
    `${/** @type {Error} */ (cause).message}. ${remedy}`, cause)
}

/** @param {string} platform */
export function packageRemedy (platform) {
  const need = platform.endsWith('-gnu')
    ? `The package needs glibc ${MIN_GLIBC} or later, and this process has ${versionSync()}. `
    : ''
  return `${need}Install the package again, or build node-asgi from source: ${SOURCE}`
}
