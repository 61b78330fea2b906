import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { pinned, pythonEnvironment } from '../../../addon/lib/supervisor/python-environment.js'

const here = (name) => join(process.cwd(), name)

test('relative entries of PYTHONPATH start at the directory that Node runs in', () => {
  for (const [inherited, added] of [
    [{ PYTHONPATH: 'lib:/opt/lib:./more:../up' }, {}],
    [{ PYTHONPATH: '/never' }, { PYTHONPATH: 'lib:/opt/lib:./more:../up' }]
  ]) {
    assert.equal(pythonEnvironment(inherited, added).PYTHONPATH,
      [here('lib'), '/opt/lib', here('more'), here('../up')].join(':'))
  }
})

test('an empty entry of PYTHONPATH is the directory that Node runs in', () => {
  assert.equal(pythonEnvironment({ PYTHONPATH: ':/opt/lib' }, {}).PYTHONPATH,
    `${process.cwd()}:/opt/lib`)
  assert.equal(pythonEnvironment({ PYTHONPATH: '' }, {}).PYTHONPATH, '')
})

test('so do the other directories of Python', () => {
  const env = pythonEnvironment({ PYTHONHOME: 'python', PYTHONUSERBASE: '.local' },
    { PYTHONPYCACHEPREFIX: 'cache' })
  assert.deepEqual(env, {
    PYTHONHOME: here('python'), PYTHONUSERBASE: here('.local'), PYTHONPYCACHEPREFIX: here('cache')
  })
})

test('other variables stay as they are', () => {
  const env = { PATH: 'bin:/usr/bin', EMPTY: '', LANG: 'C' }
  assert.deepEqual(pythonEnvironment(env, { LANG: 'C.UTF-8' }), { ...env, LANG: 'C.UTF-8' })
})

test('paths with links are followed once, but not the link to the interpreter', (t) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'node-asgi-env-')))
  t.after(() => rmSync(root, { recursive: true }))
  mkdirSync(join(root, 'v1/bin'), { recursive: true })
  mkdirSync(join(root, 'v1/lib'))
  symlinkSync('v1', join(root, 'current'))
  symlinkSync('/usr/bin/python3', join(root, 'v1/bin/python3'))
  const env = { PYTHONPATH: `${join(root, 'current/lib')}:/nowhere/lib`, A: 'current' }
  assert.deepEqual(pinned({ python: join(root, 'current/bin/python3'), env }), {
    python: join(root, 'v1/bin/python3'),
    env: { PYTHONPATH: `${join(root, 'v1/lib')}:/nowhere/lib`, A: 'current' }
  })
  assert.deepEqual(pinned({ python: '/nowhere/python3', env: {} }),
    { python: '/nowhere/python3', env: {} })
})
