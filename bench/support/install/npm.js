// npm packages that only benchmarks need, in a folder of their own: bench/.npm.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { progress } from '../report/report.js'

const FOLDER = fileURLToPath(new URL('../../.npm', import.meta.url))

/** The last of each that run on Node 20. */
export const PINNED = {
  '@platformatic/python-node': '2.0.0',
  // What a good proxy is made of: HTTP and WebSocket (the maintained successor of http-proxy).
  undici: '7.30.2',
  'http-proxy-3': '1.23.3'
}

/** Where a package is, or would be. */
export const packageFolder = name => join(FOLDER, 'node_modules', name)

/** Like require(), for a package of that folder. */
export const npmRequire = createRequire(join(FOLDER, 'package.json'))

/** Installs what is missing or has another version. All at once: npm removes what it is not told of. */
export function installPackages () {
  if (Object.entries(PINNED).every(([name, version]) => installedVersion(name) === version)) return
  progress(`installing ${Object.keys(PINNED).join(', ')} into bench/.npm`)
  mkdirSync(FOLDER, { recursive: true })
  execFileSync('npm', ['install', '--prefix', FOLDER, '--no-save', '--no-audit', '--no-fund', '--silent',
    ...Object.entries(PINNED).map(pinned => pinned.join('@'))], { stdio: ['ignore', 'ignore', 'inherit'] })
}

function installedVersion (name) {
  const file = join(packageFolder(name), 'package.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : null
}

/** Of a dependency of the project. */
export const packageVersion = name => createRequire(import.meta.url)(`${name}/package.json`).version
