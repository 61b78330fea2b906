/**
 * The packages with the native files, one for each platform. npm installs the one that suits. Each
 * file is named in full, so that bundlers and file tracers find it. The package itself names the
 * extension module, because they follow `require()` only to JavaScript and to addons.
 */

import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/**
 * @typedef {object} PlatformPackage
 * @property {() => unknown} loadAddon
 * @property {() => string} findWorker the path of the Python extension module
 * @property {() => string} version of the package
 */

/** @type {Record<string, PlatformPackage>} by the name of the platform (platform.js) */
export const platformPackages = {
  'linux-x64-gnu': {
    loadAddon: () => require('@node-asgi/linux-x64-gnu/node_asgi.node'),
    findWorker: () => require('@node-asgi/linux-x64-gnu').worker,
    version: () => require('@node-asgi/linux-x64-gnu/package.json').version
  },
  'linux-arm64-gnu': {
    loadAddon: () => require('@node-asgi/linux-arm64-gnu/node_asgi.node'),
    findWorker: () => require('@node-asgi/linux-arm64-gnu').worker,
    version: () => require('@node-asgi/linux-arm64-gnu/package.json').version
  },
  'linux-x64-musl': {
    loadAddon: () => require('@node-asgi/linux-x64-musl/node_asgi.node'),
    findWorker: () => require('@node-asgi/linux-x64-musl').worker,
    version: () => require('@node-asgi/linux-x64-musl/package.json').version
  },
  'linux-arm64-musl': {
    loadAddon: () => require('@node-asgi/linux-arm64-musl/node_asgi.node'),
    findWorker: () => require('@node-asgi/linux-arm64-musl').worker,
    version: () => require('@node-asgi/linux-arm64-musl/package.json').version
  },
  'darwin-x64': {
    loadAddon: () => require('@node-asgi/darwin-x64/node_asgi.node'),
    findWorker: () => require('@node-asgi/darwin-x64').worker,
    version: () => require('@node-asgi/darwin-x64/package.json').version
  },
  'darwin-arm64': {
    loadAddon: () => require('@node-asgi/darwin-arm64/node_asgi.node'),
    findWorker: () => require('@node-asgi/darwin-arm64').worker,
    version: () => require('@node-asgi/darwin-arm64/package.json').version
  }
}

/** @returns {string} the name of the package for a platform */
export const packageName = (/** @type {string} */ platform) => `@node-asgi/${platform}`
