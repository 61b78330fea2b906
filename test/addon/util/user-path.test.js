import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { userPath } from '../../../addon/lib/util/user-path.js'

const root = realpathSync(mkdtempSync(join(tmpdir(), 'user-path-')))
const before = process.cwd()
mkdirSync(join(root, 'releases/1/app'), { recursive: true })
mkdirSync(join(root, 'releases/shared'))
mkdirSync(join(root, 'shared'))
symlinkSync('releases/1', join(root, 'current'))
process.chdir(join(root, 'current'))
after(() => {
  process.chdir(before)
  rmSync(root, { recursive: true })
})

const release = join(root, 'releases/1')
const current = join(root, 'current')

test('the link by which the shell came here is kept', () => {
  assert.equal(userPath('.', current), current)
  assert.equal(userPath('', current), current)
  assert.equal(userPath('app', current), join(current, 'app'))
  assert.equal(userPath('./app/..', current), current)
})

test('a link in the path itself is kept', () => {
  assert.equal(userPath(join(current, 'app'), '/'), join(current, 'app'))
})

test('.. leads where it leads for the kernel', () => {
  assert.equal(userPath('../shared', current), join(root, 'releases/shared'))
})

test('a PWD that is wrong, missing or relative is ignored', () => {
  for (const shown of ['/', join(root, 'nothing'), root, 'current', '']) {
    assert.equal(userPath('app', shown), join(release, 'app'))
  }
})

test('what does not exist starts at the working directory', () => {
  assert.equal(userPath('nothing', current), join(release, 'nothing'))
})
