// npm packages that only the benchmarks need, in bench/.npm.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { progress } from '../report/report.js'

const FOLDER = fileURLToPath(new URL('../../.npm', import.meta.url))

/** The latest version of each that runs on Node 20. */
export const PINNED = {
  '@platformatic/python-node': '2.0.0',
  // For the proxy: HTTP, and WebSocket (the maintained successor of http-proxy).
  undici: '7.30.2',
  'http-proxy-3': '1.23.3',
  // An open load: it counts from when a request was due, not from when it was sent.
  autocannon: '8.0.0'
}

/** The folder of a package, whether it is installed or not. */
export const packageFolder = name => join(FOLDER, 'node_modules', name)

/** Like require(), for a package in bench/.npm. */
export const npmRequire = createRequire(join(FOLDER, 'package.json'))

/**
 * Installs the packages if one is missing or has another version. Installs all at once, because npm
 * removes the packages that it is not told about.
 */
export function installPackages () {
  if (Object.entries(PINNED).every(([name, version]) => installedVersion(name) === version)) return
  progress(`installing ${Object.keys(PINNED).join(', ')} into bench/.npm`)
  mkdirSync(FOLDER, { recursive: true })
  execFileSync('npm',
    ['install', '--prefix', FOLDER, '--no-save', '--no-audit', '--no-fund', '--silent',
      ...Object.entries(PINNED).map(pinned => pinned.join('@'))],
    { stdio: ['ignore', 'ignore', 'inherit'] })
}

function installedVersion (name) {
  const file = join(packageFolder(name), 'package.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : null
}

/** The version of a dependency of the project. */
export const packageVersion = name => createRequire(import.meta.url)(`${name}/package.json`).version
