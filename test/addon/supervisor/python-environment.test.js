import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import * as environment from '../../../addon/lib/supervisor/python-environment.js'

const { pinned } = environment
const pythonEnvironment = (inherited, added, isolation = {}) =>
  environment.pythonEnvironment(inherited, added, { inheritEnv: true, ...isolation })

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

test('without inheritEnv, only what the interpreter needs is passed on', () => {
  const needed = {
    PATH: '/bin', HOME: '/h', LANG: 'C', LC_ALL: 'C', TZ: 'UTC', PYTHONUTF8: '1', VIRTUAL_ENV: '/v'
  }
  const env = { ...needed, AWS_SECRET_ACCESS_KEY: 's', NPM_TOKEN: 't', MY_PATH: 'x', A: '1' }
  assert.deepEqual(pythonEnvironment(env, {}, { inheritEnv: false }), needed)
  assert.deepEqual(pythonEnvironment(env, { B: '2' }, { inheritEnv: ['A', 'MISSING'] }),
    { ...needed, A: '1', B: '2' })
})

test('another user has a home and a name of its own, unless the options say otherwise', () => {
  const user = { name: 'web', uid: 33, gid: 33, home: '/var/www' }
  const env = { HOME: '/root', USER: 'root', LOGNAME: 'root' }
  assert.deepEqual(pythonEnvironment(env, { USER: 'x' }, { user }),
    { HOME: '/var/www', USER: 'x', LOGNAME: 'web' })
  assert.deepEqual(pythonEnvironment(env, {}, { user: { name: '4711', uid: 4711 } }), env)
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
