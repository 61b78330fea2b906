import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { platformPackages } from '../../../addon/lib/native/packages.js'
import { platformName } from '../../../addon/lib/native/platform.js'

describe('platformName', () => {
  it('names the C library on Linux, because one that suits musl does not suit glibc', () => {
    assert.equal(platformName('linux', 'x64', () => 'glibc'), 'linux-x64-gnu')
    assert.equal(platformName('linux', 'arm64', () => 'musl'), 'linux-arm64-musl')
  })

  it('takes glibc if the C library cannot be told', () => {
    assert.equal(platformName('linux', 'x64', () => null), 'linux-x64-gnu')
  })

  it('names no C library elsewhere, and does not look for one', () => {
    const never = () => assert.fail('it looked')
    assert.equal(platformName('darwin', 'arm64', never), 'darwin-arm64')
    assert.equal(platformName('win32', 'x64', never), 'win32-x64')
  })

  it('names this platform', () => {
    assert(Object.hasOwn(platformPackages, platformName()), platformName())
  })
})
