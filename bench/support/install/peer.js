// @platformatic/python-node: finds the libpython that it needs, and installs FastAPI for that
//   Python.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { installPackages, packageFolder, PINNED } from './npm.js'
import { progress } from '../report/report.js'

const name = '@platformatic/python-node'
/** Packages for its Python, which may differ from that of bench/.venv. */
const packages = fileURLToPath(new URL('../../.peer', import.meta.url))

/**
 * @returns {{ library: string, version: string, env: object } | { missing: string }} what to import
 *   and in which environment; or why it cannot run on this machine
 */
export function peer () {
  installPackages()
  const native = packageFolder(`${name}-linux-x64-gnu`)
  if (!existsSync(native)) {
    return { missing: `${name} has no binary for ${process.platform} ${process.arch}` }
  }
  const binary = join(native, readdirSync(native).find((file) => file.endsWith('.node')))
  const wanted =
    /libpython(3\.\d+)\.so\S*/.exec(execFileSync('ldd', [binary], { encoding: 'utf8' }))
  const env = {}
  if (wanted !== null) {
    const [file, version] = wanted
    const found = interpreters(version)
      .map((python) => ({ python, library: libraryOf(python) }))
      .find(({ library }) => library !== null && existsSync(join(library, file)))
    if (found === undefined) {
      return {
        missing: `${name} needs ${file}, which no interpreter found here has; ` +
          'set BENCH_PEER_PYTHON to one that has it'
      }
    }
    installFor(found.python, version)
    env.LD_LIBRARY_PATH = found.library
    env.PYTHONPATH = packages
  }
  return {
    library: pathToFileURL(join(packageFolder(name), 'index.js')).href,
    version: PINNED[name],
    env
  }
}

/** Interpreters that may have that version: BENCH_PEER_PYTHON, on PATH, and pyenv's. */
function interpreters (version) {
  const names = [process.env.BENCH_PEER_PYTHON, `python${version}`]
  const root = output('pyenv', 'root') ?? join(process.env.HOME ?? '', '.pyenv')
  const versions = join(root, 'versions')
  if (existsSync(versions)) {
    names.push(...readdirSync(versions)
      .filter((name) => name.startsWith(`${version}.`)).sort()
      .map((name) => join(versions, name, 'bin', `python${version}`)))
  }
  return names.filter((name) => name !== undefined)
}

/** The folder of an interpreter's shared libpython; null: there is no such interpreter. */
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
    return execFileSync(program, args,
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return null // there is no such program, or it failed
  }
}
