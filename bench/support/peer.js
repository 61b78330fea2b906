// @platformatic/python-node in a folder of its own, and the libpython that it wants.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { progress } from './report.js'

const folder = fileURLToPath(new URL('../.npm', import.meta.url))
const name = '@platformatic/python-node'
const VERSION = '2.0.0'

/**
 * Installs it when it is missing.
 * @returns {{ library: string, version: string, env: object } | { missing: string }} what to import
 *   with which environment, or why that cannot be done here
 */
export function peer () {
  const installed = join(folder, 'node_modules', name)
  if (!existsSync(installed)) {
    progress(`installing ${name} into bench/.npm`)
    mkdirSync(folder, { recursive: true })
    execFileSync('npm', ['install', '--prefix', folder, '--no-save', '--silent',
      `${name}@${VERSION}`], { stdio: ['ignore', 'ignore', 'inherit'] })
  }
  const native = join(folder, 'node_modules', `${name}-linux-x64-gnu`)
  if (!existsSync(native)) return { missing: `${name} has no binary for this machine` }
  const binary = join(native, readdirSync(native).find((file) => file.endsWith('.node')))
  const wanted = /libpython(3\.\d+)\.so\S*/.exec(execFileSync('ldd', [binary], { encoding: 'utf8' }))
  const directory = wanted === null ? '' : libraryOf(wanted[1], wanted[0])
  if (directory === null) return { missing: `${name} wants ${wanted[0]}, which no python here has` }
  return {
    library: pathToFileURL(join(installed, 'index.js')).href,
    version: VERSION,
    env: { LD_LIBRARY_PATH: directory }
  }
}

/** The folder of a shared libpython, as its python3.x tells it; null: there is none. */
function libraryOf (version, file) {
  const code = 'import sysconfig; print(sysconfig.get_config_var("LIBDIR"))'
  for (const python of [process.env.BENCH_PEER_PYTHON, `python${version}`]) {
    if (python === undefined) continue
    try {
      const directory = execFileSync(python, ['-c', code],
        { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
      if (existsSync(join(directory, file))) return directory
    } catch {} // no such python
  }
  return null
}
