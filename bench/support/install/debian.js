// Programs from Debian packages, without root: unpacked into bench/.debian, not installed.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { progress } from '../report/report.js'

const FOLDER = fileURLToPath(new URL('../../.debian', import.meta.url))
/** Not unpacked: a second C runtime in the same process would break it. */
const RUNTIME = /^(libc6|libgcc-s1|gcc-\d+-base)$/

/**
 * Unpacks a package and the libraries that it needs, unless that has already been done.
 * @param {string} name of the package and of its program
 * @returns {{ program: string, env: { LD_LIBRARY_PATH: string } }}
 */
export function unpacked (name) {
  const root = join(FOLDER, name)
  const program = join(root, 'usr', 'bin', name)
  if (!existsSync(program)) {
    progress(`unpacking Debian's ${name} into bench/.debian`)
    try {
      unpack(name, root)
    } catch (error) {
      rmSync(root, { recursive: true, force: true })
      throw error
    }
  }
  const lib = join(root, 'usr', 'lib')
  const folders = readdirSync(lib, { withFileTypes: true })
    .filter(entry => entry.isDirectory()).map(entry => join(lib, entry.name))
  return { program, env: { LD_LIBRARY_PATH: [lib, ...folders].join(':') } }
}

function unpack (name, root) {
  const downloads = join(root, 'downloads')
  mkdirSync(downloads, { recursive: true })
  const download = options => run('apt-get',
    [...options, 'download', ...withLibraries(name, options)], downloads)
  try {
    download([])
  } catch {
    // Package lists are missing or outdated. Only root may update the system's, so use our own.
    const own = ['-o', `Dir::State::Lists=${join(FOLDER, 'lists')}`,
      '-o', `Dir::Cache=${join(FOLDER, 'cache')}`]
    for (const part of ['lists/partial', 'cache/archives/partial']) {
      mkdirSync(join(FOLDER, part), { recursive: true })
    }
    run('apt-get', [...own, 'update'])
    download(own)
  }
  for (const file of readdirSync(downloads)) run('dpkg', ['-x', join(downloads, file), root])
}

/** The package and what it depends on, without the C runtime. */
function withLibraries (name, options) {
  const names = new Set([name])
  for (const one of names) {
    const text = run('apt-cache', [...options, 'depends', '--important', one])
    for (const library of dependencies(text)) if (!RUNTIME.test(library)) names.add(library)
  }
  return [...names]
}

/** Parses `apt-cache depends`: of alternatives ("|Depends") the first, and no virtual packages. */
export function dependencies (text) {
  const names = []
  let chosen = false
  for (const [, or, name] of text.matchAll(/^ ([ |])(?:Pre)?Depends: (\S+)$/gm)) {
    if (!chosen && !name.startsWith('<')) names.push(name)
    chosen = or === '|'
  }
  return names
}

function run (command, args, cwd) {
  return execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' }
  })
}
