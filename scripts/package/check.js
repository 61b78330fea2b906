/** Verifies the packages in `dist/`: that they are there, what they contain, how they are built. */

import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { BINARIES, MAIN, installedOn, packageName, root, tarballName } from './platforms.js'

/** Bytes of the main package and that of a platform, installed, without their dependencies. */
export const MAX_INSTALLED = 2_000_000

const PLATFORM_FILES =
  [...BINARIES, 'LICENSE', 'NOTICE', 'README.md', 'index.js', 'package.json'].sort()

/** What the main package may contain. */
const MAIN_FILES = [
  /^(LICENSE|README\.md|package\.json)$/,
  /^addon\/implementation\/[\w-]+\.js$/,
  /^addon\/lib\/([\w-]+\/)?[\w-]+\.(mjs|bundled\.mjs|d\.ts|d\.mts)$/,
  /^addon\/lib\/dashboard\/page\/\w+\.(html|css|js|svg)$/,
  /^worker\/python\/(main|node_asgi_worker\/\w+)\.py$/
]

/**
 * @param {string[]} platforms whose packages should be there
 * @param {string} [dist] where they are
 * @returns {string[]} each problem, in words
 */
export function checkPackages (platforms, dist = join(root, 'dist')) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const folder = mkdtempSync(join(tmpdir(), 'node-asgi-check-'))
  /** @type {string[]} */
  const problems = []
  /** Unpacks a package, and returns its folder; null if there is none. */
  const unpack = (/** @type {string} */ name) => {
    const file = join(dist, tarballName(name, version))
    if (!existsSync(file)) {
      problems.push(`There is no ${file}`)
      return null
    }
    const target = mkdtempSync(join(folder, 'package-'))
    execFileSync('tar', ['-xzf', file, '-C', target, '--strip-components=1'])
    return target
  }
  try {
    const main = unpack(MAIN)
    if (main !== null) problems.push(...mainProblems(main, platforms, version))
    for (const platform of platforms) {
      const found = unpack(packageName(platform))
      if (found === null) continue
      problems.push(...platformProblems(found, platform, version))
      const size = sizeOf(found) + (main === null ? 0 : sizeOf(main))
      if (size > MAX_INSTALLED) {
        problems.push(`${MAIN} and ${packageName(platform)} take ${size} bytes when they are ` +
          `installed, which is more than ${MAX_INSTALLED}`)
      }
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  return problems
}

/** @returns {string[]} the paths of all files below a folder, sorted */
export function filesBelow (/** @type {string} */ folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(folder, path)).isFile())
    .sort()
}

const sizeOf = (/** @type {string} */ folder) =>
  filesBelow(folder).reduce((sum, path) => sum + statSync(join(folder, path)).size, 0)

const manifestIn = (/** @type {string} */ folder) =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

/**
 * @param {string} folder
 * @param {string[]} platforms
 * @param {string} version
 */
function * mainProblems (folder, platforms, version) {
  const files = filesBelow(folder)
  const manifest = manifestIn(folder)
  const needed = new Set([
    ...targets(manifest.exports), ...targets(manifest.bin), manifest.main, manifest.types
  ].filter((path) => !path.includes('*')).map((path) => path.replace(/^\.\//, '')))
  for (const file of execFileSync('git', ['ls-files', 'worker/python/*.py'],
    { cwd: root, encoding: 'utf8' }).trim().split('\n')) needed.add(file)
  for (const file of files) {
    if (!needed.has(file) && !MAIN_FILES.some((pattern) => pattern.test(file))) {
      yield `${MAIN} contains ${file}, which nobody needs`
    }
  }
  for (const file of needed) {
    if (!files.includes(file)) yield `${MAIN} does not contain ${file}`
  }
  for (const platform of platforms) {
    if (manifest.optionalDependencies?.[packageName(platform)] !== version) {
      yield `${MAIN} does not install ${packageName(platform)} ${version}`
    }
  }
  for (const script of ['preinstall', 'install', 'postinstall']) {
    if (manifest.scripts?.[script]) yield `${MAIN} runs a script when it is installed`
  }
}

/** All paths in an entry of package.json, such as `exports`. */
function targets (/** @type {any} */ entry) {
  if (typeof entry === 'string') return [entry]
  return Object.values(entry).flatMap(/** @returns {string[]} */ (value) => targets(value))
}

/**
 * @param {string} folder
 * @param {string} platform
 * @param {string} version
 */
function * platformProblems (folder, platform, version) {
  const files = filesBelow(folder)
  if (files.join() !== PLATFORM_FILES.join()) {
    yield `${packageName(platform)} contains ${files.join(', ')}; ` +
      `that should be ${PLATFORM_FILES.join(', ')}`
    return
  }
  const manifest = manifestIn(folder)
  const expected = { name: packageName(platform), version, ...installedOn(platform) }
  for (const [key, value] of Object.entries(expected)) {
    if (JSON.stringify(manifest[key]) !== JSON.stringify(value)) {
      yield `${packageName(platform)} has the ${key} ${JSON.stringify(manifest[key])}; ` +
        `that should be ${JSON.stringify(value)}`
    }
  }
  yield * binaryProblems(platform, folder)
}

/**
 * @param {string} platform
 * @param {string} folder with its native files
 * @returns {string[]}
 */
export function binaryProblems (platform, folder) {
  const { status, stdout, stderr } = spawnSync(join(root, '.venv/bin/python'),
    [join(root, 'scripts/package/binaries.py'), platform, folder],
    { encoding: 'utf8', env: { ...process.env, PYTHONPATH: join(root, 'build/toolchain') } })
  const problems = stdout.split('\n').filter((line) => line !== '')
  if (status !== 0 && problems.length === 0) throw new Error(`binaries.py failed: ${stderr}`)
  return problems
}
