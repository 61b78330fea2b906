import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'

import { findNativeFiles } from '../../../addon/lib/native/find.js'

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url)))
const NOWHERE = pathToFileURL('/nowhere/CMakeLists.txt')

/** Runs it and returns the error that it throws. */
function failure (run) {
  try {
    run()
  } catch (error) {
    return error
  }
  return assert.fail('it did not throw')
}

function includes (error, ...facts) {
  for (const fact of facts) {
    assert(error.message.includes(fact), `"${fact}" is missing: ${error.message}`)
  }
}

describe('findNativeFiles in an installed package', () => {
  const missing = () => { throw Object.assign(new Error('not here'), { code: 'MODULE_NOT_FOUND' }) }
  const absent = { version: missing, loadAddon: missing, findWorker: missing }
  const present = {
    version: () => version, loadAddon: () => 'the addon', findWorker: () => '/worker.so'
  }
  const find = (platform, packages) =>
    findNativeFiles({ checkout: NOWHERE, platform, packages })

  it('takes the package of the platform', () => {
    const files = find('linux-x64-musl', { 'linux-x64-gnu': absent, 'linux-x64-musl': present })
    assert.equal(files.worker, '/worker.so')
    assert.equal(files.loadAddon(), 'the addon')
  })

  it('names a platform without a package, those with one, and how to build from source', () => {
    const error = failure(() => find('linux-riscv64-gnu', {
      'linux-x64-gnu': present, 'darwin-arm64': absent
    }))
    assert.equal(error.code, 'ERR_UNSUPPORTED_PLATFORM')
    includes(error, 'linux-riscv64-gnu', 'linux-x64-gnu, darwin-arm64', 'npm run build',
      'https://github.com/node-asgi/node-asgi')
    assert.doesNotMatch(error.message, /WSL/)
  })

  for (const [name, key] of [['Bun', 'bun'], ['Deno', 'deno']]) {
    it(`aborted ${name}, which lacks functions of libuv, instead of refusing it`, () => {
      const versions = { node: '26.3.0', [key]: '1.4.5' }
      const error = failure(() => findNativeFiles({ checkout: NOWHERE, versions }))
      assert.equal(error.code, 'ERR_UNSUPPORTED_RUNTIME')
      includes(error, `${name} 1.4.5`, 'libuv', '`node`')
    })
  }

  it('is not misled by a platform that is named like a property of every object', () => {
    assert.equal(failure(() => find('constructor', {})).code, 'ERR_UNSUPPORTED_PLATFORM')
  })

  it('mentions WSL on Windows, where it cannot be built', () => {
    const error = failure(() => find('win32-x64', { 'linux-x64-gnu': absent }))
    assert.equal(error.code, 'ERR_UNSUPPORTED_PLATFORM')
    includes(error, 'win32-x64', 'WSL')
    assert.doesNotMatch(error.message, /npm run build/)
  })

  it('says that the package is not installed, why, and with which command it is', () => {
    const error = failure(() => find('linux-x64-gnu', { 'linux-x64-gnu': absent }))
    assert.equal(error.code, 'ERR_BINDING_NOT_FOUND')
    assert.equal(error.cause.code, 'MODULE_NOT_FOUND')
    includes(error, '--omit=optional', 'lock file',
      `npm install --save-optional @node-asgi/linux-x64-gnu@${version}`)
  })

  it('names the package that is installed for another C library', () => {
    const error = failure(() => find('linux-x64-musl', {
      'linux-x64-gnu': present, 'linux-x64-musl': absent
    }))
    includes(error, '@node-asgi/linux-x64-gnu is installed, for another platform',
      `npm install --save-optional @node-asgi/linux-x64-musl@${version}`)
  })

  it('refuses a package of another version, which has other frames', () => {
    const error = failure(() => find('linux-x64-gnu', {
      'linux-x64-gnu': { ...present, version: () => '0.0.1' }
    }))
    assert.equal(error.code, 'ERR_BINDING_NOT_FOUND')
    includes(error, '0.0.1', `npm install --save-optional @node-asgi/linux-x64-gnu@${version}`)
  })

  it('says why an addon cannot be loaded, and which glibc it needs', () => {
    const cause = new Error("version `GLIBC_2.28' not found")
    const files = find('linux-x64-gnu', {
      'linux-x64-gnu': { ...present, loadAddon: () => { throw cause } }
    })
    const error = failure(files.loadAddon)
    assert.equal(error.code, 'ERR_BINDING_NOT_FOUND')
    assert.equal(error.cause, cause)
    includes(error, cause.message, 'linux-x64-gnu', process.version, 'glibc 2.28')
  })

  it('does not mention glibc where there is none', () => {
    const files = find('darwin-arm64', { 'darwin-arm64': { ...present, loadAddon: missing } })
    assert.doesNotMatch(failure(files.loadAddon).message, /glibc/)
  })
})

describe('findNativeFiles in a checkout', () => {
  /** A checkout whose release build has these files. */
  function checkout (t, files) {
    const folder = mkdtempSync(join(tmpdir(), 'node-asgi-checkout-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const build = join(folder, 'build', process.env.NODE_ASGI_BUILD || 'release')
    mkdirSync(build, { recursive: true })
    for (const name of files) writeFileSync(join(build, name), '')
    const buildFile = join(folder, 'CMakeLists.txt')
    writeFileSync(buildFile, '')
    return {
      build,
      surroundings: { checkout: pathToFileURL(buildFile), platform: 'linux-x64-gnu' }
    }
  }

  it('takes what the checkout has built, whether or not a package is installed', (t) => {
    const { build, surroundings } = checkout(t, ['node_asgi.node', '_worker.abi3.so'])
    assert.equal(findNativeFiles(surroundings).worker, join(build, '_worker.abi3.so'))
  })

  it('gives the build command if nothing is built', (t) => {
    const { build, surroundings } = checkout(t, [])
    const error = failure(() => findNativeFiles(surroundings))
    assert.equal(error.code, 'ERR_BINDING_NOT_FOUND')
    includes(error, join(build, 'node_asgi.node'), 'npm run build')
  })

  it('says why a file that exists cannot be loaded', (t) => {
    const { build, surroundings } = checkout(t, ['node_asgi.node'])
    const error = failure(findNativeFiles(surroundings).loadAddon)
    assert.equal(error.code, 'ERR_BINDING_NOT_FOUND')
    includes(error, error.cause.message, join(build, 'node_asgi.node'), 'linux-x64-gnu',
      process.version, 'npm run build')
  })
})
