/**
 * Packages and parts of Node.js that many programs never need. Each is loaded when it is first
 * used, because loading them all would take longer than loading the rest of this package.
 */

import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** For handshakes of WebSockets. @returns {typeof import('ws')} */
export const ws = () => require('ws')

/** @returns {typeof import('node:http2')} */
export const http2 = () => require('node:http2')

/** @returns {typeof import('node:tls')} */
export const tls = () => require('node:tls')

/** For watching files. @returns {typeof import('chokidar')} */
export const chokidar = () => require('chokidar')

/** For patterns of files that are not watched. @returns {typeof import('picomatch')} */
export const picomatch = () => require('picomatch')

/** For the option trustProxy. @returns {typeof import('proxy-addr')} */
export const proxyAddr = () => require('proxy-addr')

/** For the header `forwarded`. @returns {typeof import('forwarded-parse')} */
export const forwardedParse = () => require('forwarded-parse')

/** For the header `range`. @returns {typeof import('range-parser')} */
export const rangeParser = () => require('range-parser')

/**
 * For the configuration file. `import()` would take 15 ms more, in which Node sets up the loader of
 * ES modules.
 * @returns {typeof import('lilconfig')}
 */
export const lilconfig = () => require('lilconfig')
