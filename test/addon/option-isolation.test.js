import assert from 'node:assert/strict'
import { test } from 'node:test'

import { loadBinding } from '../../addon/lib/binding.js'
import { parseOptions } from '../../addon/lib/options.js'

const parse = (isolation) => parseOptions({ isolation }).isolation

const refuses = (isolation, option, ...facts) => {
  assert.throws(() => parse(isolation), (error) => {
    assert.equal(error.code, 'ERR_INVALID_OPTION')
    assert.equal(error.option, option)
    for (const fact of facts) assert.ok(error.message.includes(fact), error.message)
    return true
  })
}

const binding = loadBinding()

test('by default everything is inherited, and nothing is limited', () => {
  const { profile, debug, node, user, noNewPrivileges, inheritEnv, limits } = parse(undefined)
  assert.deepEqual({ profile, debug, node, user, noNewPrivileges, inheritEnv }, {
    profile: 'none',
    debug: false,
    node: false,
    user: undefined,
    noNewPrivileges: false,
    inheritEnv: true
  })
  assert.deepEqual([...new Set(Object.values(limits))], [Infinity])
})

test('the profile strict may be given by its name, and decides what is left open', (t) => {
  t.mock.method(binding, 'landlockVersion', () => 3)
  for (const given of ['strict', { profile: 'strict' }]) {
    const { noNewPrivileges, dropCapabilities, inheritEnv } = parse(given)
    assert.deepEqual([noNewPrivileges, dropCapabilities, inheritEnv], [true, true, false])
  }
  assert.equal(parse({ profile: 'strict', inheritEnv: true }).inheritEnv, true)
  refuses({ profile: 'strict', noNewPrivileges: false }, 'isolation.noNewPrivileges')
})

test('a kernel that lacks Landlock is named, with what to do', (t) => {
  for (const [version, said] of [[0, 'none that is enabled'], [2, 'version 2']]) {
    t.mock.method(binding, 'landlockVersion', () => version)
    refuses('strict', 'isolation.profile', said, 'Linux 6.2', 'container')
  }
})

test('allow makes no sense without the profile strict', () => {
  refuses({ allow: { read: ['/a'] } }, 'isolation.allow.read', 'strict')
  refuses({ allow: { write: 'x' } }, 'isolation.allow.write', 'list of paths')
})

test('users and groups are found by name and by number', (t) => {
  t.mock.method(process, 'geteuid', () => 0)
  const { user, group } = parse({ user: 'root' })
  assert.deepEqual({ ...user }, { name: 'root', uid: 0, gid: 0, home: user.home })
  assert.equal(group, 0)
  assert.equal(parse({ user: 0 }).user.name, 'root')
  assert.equal(parse({ group: 'root' }).group, 0)
  const stranger = parse({ user: 3_000_000_000, group: 7 })
  assert.deepEqual([stranger.user.uid, stranger.group], [3_000_000_000, 7])
  refuses({ user: 3_000_000_000 }, 'isolation.group', '3000000000')
  refuses({ user: 'no-such-user' }, 'isolation.user', 'no-such-user')
  refuses({ group: 'no-such-group' }, 'isolation.group', 'no-such-group')
  for (const user of [-1, 1.5, true, 2 ** 32]) refuses({ user }, 'isolation.user', String(user))
})

test('another user needs root', (t) => {
  t.mock.method(process, 'geteuid', () => 1000)
  t.mock.method(process, 'getegid', () => 1000)
  refuses({ user: 'root' }, 'isolation.user', 'needs root', '1000')
  refuses({ group: 5 }, 'isolation.group', 'needs root')
  assert.equal(parse({ group: 1000 }).group, 1000)
})

test('unknown and impossible values are named', () => {
  refuses('very strict', 'isolation.profile', 'very strict')
  refuses({ limits: { ram: 1 } }, 'isolation.limits.ram')
  refuses({ limits: { files: 10 } }, 'isolation.limits.files', '64')
  refuses({ umask: 0o1000 }, 'isolation.umask')
  refuses({ inheritEnv: ['A', ''] }, 'isolation.inheritEnv')
})

test('the message about a user or group without a name had no name in it', () => {
  for (const key of ['user', 'group']) {
    assert.throws(() => parseOptions({ isolation: { [key]: '' } }),
      { code: 'ERR_INVALID_OPTION', message: /names "", but there is no such/ })
  }
})
