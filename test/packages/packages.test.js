// The tarballs in dist/: what they contain, and what keeps wrong ones from being made.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'

import { platformName } from '../../addon/lib/native/platform.js'
import { binaryProblems, checkPackages } from '../../scripts/package/check.js'
import {
  BINARIES, installedOn, packageName, platforms, root, tarballName
} from '../../scripts/package/platforms.js'
import { stagePlatform } from '../../scripts/package/platform-package.js'
import { billOfMaterials } from '../../scripts/package/sbom.js'
import { parsePage } from '../docs/markdown.js'

const platform = platformName()
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const tarball = (name) => join(root, 'dist', tarballName(name, manifest.version))
const contents = (name) => execFileSync('tar', ['-tzf', tarball(name)], { encoding: 'utf8' })
  .trim().split('\n').map((path) => path.replace(/^package\//, '')).sort()
const textOf = (name, file) =>
  execFileSync('tar', ['-xzOf', tarball(name), `package/${file}`], { encoding: 'utf8' })

/** @returns {string} a folder that is removed after the test */
function folder (t) {
  const path = mkdtempSync(join(tmpdir(), 'node-asgi-packages-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

describe('the packages in dist/', () => {
  before(() => assert(existsSync(tarball(packageName(platform))),
    `first run \`npm run package -- --platform ${platform}\``))

  it('have no problems', () => {
    assert.deepEqual(checkPackages([platform]), [])
  })

  it('node-asgi contains JavaScript, declarations, Python and a page, and no more', () => {
    const files = contents('node-asgi')
    const tracked = (folder) => execFileSync('git',
      ['ls-files', '-co', '--exclude-standard', folder], { cwd: root, encoding: 'utf8' })
      .trim().split('\n')
    const python = tracked('worker/python')
    const page = tracked('addon/lib/dashboard/page')
    const types = tracked('addon/lib/types')
    // The JavaScript is tested in javascript.test.js. Its pieces have no names that matter.
    const entries = Object.values(manifest.exports).filter((target) => typeof target === 'object')
      .flatMap(({ types, default: file }) => [
        types, types.replace(/ts$/, 'mts'), file.replace(/js$/, 'mjs'),
        file.replace(/js$/, 'bundled.mjs')
      ].map((path) => path.slice('./'.length)))
    assert.deepEqual(files.filter((file) => !file.startsWith('addon/implementation/')), [
      ...new Set(['LICENSE', 'README.md', ...entries, ...types, 'package.json',
        ...python, ...page])
    ].sort())
  })

  for (const name of platforms) {
    it(`${packageName(name)} contains the native files and their licences`, (t) => {
      if (!existsSync(tarball(packageName(name)))) return t.skip('it has not been made')
      assert.deepEqual(contents(packageName(name)),
        ['LICENSE', 'NOTICE', 'README.md', '_worker.abi3.so', 'index.js', 'node_asgi.node',
          'package.json'])
      const { os, cpu, libc } = JSON.parse(textOf(packageName(name), 'package.json'))
      assert.deepEqual({ os, cpu, ...libc && { libc } }, installedOn(name))
    })
  }

  it('name everything that is linked in, with its licence', () => {
    const notice = textOf(packageName(platform), 'NOTICE')
    for (const part of ['Boost', 'msgpack-c', 'node-addon-api', 'CPython', 'libc++', 'libc++abi',
      'libunwind', 'compiler-rt']) {
      assert(notice.split('\n').some((line) => line.startsWith('- ') && line.includes(part)), part)
    }
    for (const licence of [
      'Boost Software License', 'LLVM Exceptions', 'PYTHON SOFTWARE FOUNDATION', 'The MIT License'
    ]) {
      assert(notice.includes(licence), licence)
    }
  })

  it('had a page with links that led nowhere from an installed package', () => {
    const { links } = parsePage(textOf('node-asgi', 'README.md'))
    for (const { target } of links.filter(({ target }) => !target.startsWith('#'))) {
      assert.match(target, /^https:\/\//, target)
      const [, path] = target.match(/node-asgi\/node-asgi\/(?:blob|raw)\/v[^/]+\/([^#]+)/) ?? []
      if (path !== undefined) assert(existsSync(join(root, path)), target)
    }
    assert(links.length > 5)
  })

  it('have no findings of publint', () => {
    const publint = join(root, 'node_modules/.bin/publint')
    execFileSync(publint, ['run', tarball(packageName(platform)), '--strict'])
  })
})

describe('what is not a package', () => {
  it('the checkout was packed, with what this machine had built, or nothing', (t) => {
    const { status, stderr } = spawnSync('npm', ['pack', '--pack-destination', folder(t)],
      { cwd: root, encoding: 'utf8' })
    assert.notEqual(status, 0)
    assert.match(stderr, /npm run package/)
  })

  it('a platform without native files is not packed', (t) => {
    assert.throws(() => stagePlatform(join(folder(t), 'package'), 'linux-none', manifest),
      /build\/linux-none\/node_asgi\.node/)
  })

  it('names what is missing in dist/', (t) => {
    const problems = checkPackages([platform], folder(t))
    assert.equal(problems.length, 2)
    assert(problems.every((problem) => problem.startsWith('There is no ')))
  })

  it('a package without its binaries is found', (t) => {
    const dist = folder(t)
    const made = join(dist, 'package')
    mkdirSync(made)
    writeFileSync(join(made, 'package.json'), JSON.stringify({
      name: packageName(platform), version: manifest.version
    }))
    execFileSync('tar', ['-czf', tarballName(packageName(platform), manifest.version), 'package'],
      { cwd: dist })
    const problems = checkPackages([platform], dist)
    assert(problems.some((problem) => problem.includes('node_asgi.node')), problems.join('\n'))
  })

  it('binaries of this machine needed its C library and its libstdc++', () => {
    const problems = binaryProblems('linux-x64-gnu', join(root, 'build/release')).join('\n')
    assert.match(problems, /node_asgi\.node needs libstdc\+\+/)
    assert.match(problems, /_worker\.abi3\.so needs \w+ of GLIBC_2\.(29|[3-9]\d)/)
    assert.match(problems, /is not stripped/)
  })

  it('binaries of one platform are not those of another', () => {
    const built = join(root, 'build', platform)
    assert.match(binaryProblems('linux-arm64-musl', built).join('\n'), /is made for .*X86_64/)
    assert.match(binaryProblems('linux-x64-musl', built).join('\n'), /needs libc\.so\.6/)
    assert.match(binaryProblems('darwin-arm64', built).join('\n'), /is not made for darwin/)
  })

  it('a file that cannot be read is an error, not a file without problems', (t) => {
    const empty = folder(t)
    for (const file of BINARIES) copyFileSync(join(root, 'LICENSE'), join(empty, file))
    assert.match(binaryProblems('linux-x64-gnu', empty).join('\n'), /is not made for linux/)
  })
})

it('the bill of materials lacked packages that are for development, too', () => {
  const { components } = JSON.parse(billOfMaterials([platform]))
  const names = components.map(({ name }) => name)
  for (const name of [...Object.keys(manifest.dependencies), 'Boost', 'msgpack-c', 'libc++']) {
    assert(names.includes(name), name)
  }
  assert(!names.some((name) => name in manifest.devDependencies && name !== 'node-addon-api' &&
    name !== 'node-api-headers'), names.join())
})
