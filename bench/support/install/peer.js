// @platformatic/python-node: the libpython that it wants, and the application's packages for that.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { installPackages, packageFolder, PINNED } from './npm.js'
import { progress } from '../report/report.js'

const name = '@platformatic/python-node'
/** Packages of its Python, which is another one than that of bench/.venv. */
const packages = fileURLToPath(new URL('../../.peer', import.meta.url))

/**
 * @returns {{ library: string, version: string, env: object } | { missing: string }} what to import
 *   with which environment, or why that cannot be done here
 */
export function peer () {
  installPackages()
  const native = packageFolder(`${name}-linux-x64-gnu`)
  if (!existsSync(native)) return { missing: `${name} has no binary for this machine` }
  const binary = join(native, readdirSync(native).find((file) => file.endsWith('.node')))
  const wanted = /libpython(3\.\d+)\.so\S*/.exec(execFileSync('ldd', [binary], { encoding: 'utf8' }))
  const env = {}
  if (wanted !== null) {
    const [file, version] = wanted
    const found = interpreters(version)
      .map((python) => ({ python, library: libraryOf(python) }))
      .find(({ library }) => library !== null && existsSync(join(library, file)))
    if (found === undefined) {
      return { missing: `${name} wants ${file}, which no python here has; BENCH_PEER_PYTHON names one` }
    }
    installFor(found.python, version)
    env.LD_LIBRARY_PATH = found.library
    env.PYTHONPATH = packages
  }
  return {
    library: pathToFileURL(join(packageFolder(name), 'index.js')).href, version: PINNED[name], env
  }
}

/** Where there may be a python of that version: named, on PATH, or among pyenv's. */
function interpreters (version) {
  const names = [process.env.BENCH_PEER_PYTHON, `python${version}`]
  const versions = join(output('pyenv', 'root') ?? join(process.env.HOME ?? '', '.pyenv'), 'versions')
  if (existsSync(versions)) {
    names.push(...readdirSync(versions).filter((name) => name.startsWith(`${version}.`)).sort()
      .map((name) => join(versions, name, 'bin', `python${version}`)))
  }
  return names.filter((name) => name !== undefined)
}

/** The folder of a shared libpython, as its python tells it; null: there is no such python. */
function libraryOf (python) {
  return output(python, '-c', 'import sysconfig; print(sysconfig.get_config_var("LIBDIR"))')
}

function installFor (python, version) {
  const stamp = join(packages, `for-${version}`)
  if (existsSync(stamp)) return
  progress(`installing FastAPI for ${name} into bench/.peer`)
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check',
    '--root-user-action', 'ignore', '--upgrade',
    '--target', packages, 'fastapi~=0.115'], { stdio: ['ignore', 'ignore', 'inherit'] })
  writeFileSync(stamp, '')
}

function output (program, ...args) {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return null // there is no such program, or it is of no use
  }
}
