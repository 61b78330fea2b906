/** What a hostile worker can do to Node, to the fork server and to other workers. */

import assert from 'node:assert/strict'
import {
  chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { loadBinding } from '../../addon/lib/binding.js'
import { APPS, LIMIT } from '../support/harness.js'
import { isRoot, NOBODY, PYTHON, run, runUnprivileged } from '../support/unprivileged.js'

const PROGRAM = fileURLToPath(new URL('../support/programs/attack.js', import.meta.url))

const version = loadBinding().landlockVersion()

/** Why the profile strict cannot be tested here. */
const LACKING = version < 3 && `the kernel has version ${version} of Landlock`

const SCOPES_SIGNALS = version >= 6

const APP = { docroot: APPS, appTarget: 'attack_app:app', python: PYTHON }

/** Asks attack_app.py, which runs without the privileges of root. */
const attack = (isolation, ...paths) => runUnprivileged(PROGRAM, { ...APP, isolation }, paths)

/** Asks attack_app.py, which runs as the user of this test. */
const ask = (isolation, ...paths) => run(PROGRAM, { ...APP, isolation }, paths)

function assertRefused (attempts) {
  for (const [name, outcome] of Object.entries(attempts)) {
    assert.match(outcome, /^(EPERM|EACCES)$/, name)
  }
}

test('a worker could trace and read the fork server and its siblings', { timeout: LIMIT },
  async () => {
    const [server, sibling] = await attack(undefined, '/attack?{server}', '/attack?{workers}')
    assertRefused(server)
    assertRefused(sibling)
  })

test('with isolation.node, a worker cannot trace and read Node either', { timeout: LIMIT },
  async () => {
    const [unprotected] = await attack({}, '/attack?{node}')
    assert.equal(unprotected.environment, 'done', 'which is why there is the option')
    const [node] = await attack({ node: true }, '/attack?{node}')
    assertRefused(node)
  })

test('with isolation.debug, processes of the same user may trace workers', { timeout: LIMIT },
  async () => {
    const [sibling, facts] = await attack({ debug: true }, '/attack?{workers}', '/facts')
    assert.equal(sibling.trace, 'done')
    assert.equal(facts.dumpable, 1)
  })

test('another user runs Python, and cannot touch Node', { timeout: LIMIT, skip: !isRoot },
  async () => {
    const [facts, node, stdout, signal, secret, file] = await ask({ user: 'nobody' },
      '/facts', '/attack?{node}', '/stdout', '/signal?{node}',
      '/sendfile?path=/etc/shadow', '/sendfile?path=/etc/passwd')
    assert.deepEqual([facts.uid, facts.gid, facts.groups],
      [Array(3).fill(NOBODY), Array(3).fill(NOBODY), []])
    assert.equal(facts.environment.USER, 'nobody')
    assert.equal(facts.dumpable, 0)
    assertRefused(node)
    assert.equal(stdout, 'done', 'its own output is open to it')
    assert.equal(signal, 'EPERM')
    assert.deepEqual([secret, file], [500, 200])
  })

for (const [who, asks] of [['root', ask], ['a user', attack]]) {
  test(`strict isolation of an application that runs as ${who}`,
    { timeout: LIMIT, skip: LACKING || (who === 'root' && !isRoot) }, async () => {
      const outside = join(mkdtempSync(join(tmpdir(), 'outside-')), 'file')
      writeFileSync(outside, 'secret', { mode: 0o666 })
      chmodSync(dirname(outside), 0o777)
      const [confined, sibling, signal, file, facts] = await asks('strict',
        `/confined?outside=${outside}`, '/attack?{workers}', '/signal?{node}',
        `/sendfile?path=${outside}`, '/facts')
      const refused = ['read outside', 'list outside', 'write docroot', 'write outside',
        'truncate outside', 'write shared tmp', 'list tmp of siblings', 'raw socket',
        'packet socket', 'user namespace', 'io_uring']
      const expected = Object.fromEntries(Object.keys(confined).map((name) =>
        [name, refused.includes(name) ? 'refused' : 'done']))
      assert.deepEqual(Object.fromEntries(Object.entries(confined).map(([name, outcome]) =>
        [name, /^(EPERM|EACCES|ENOSYS)$/.test(outcome) ? 'refused' : outcome])), expected)
      assert.equal(readFileSync(outside, 'utf8'), 'secret')
      // The names of another's descriptors tell nothing, and root may list them.
      assertRefused({ ...sibling, descriptors: 'EACCES' })
      if (SCOPES_SIGNALS) assert.equal(signal, 'EPERM')
      assert.equal(file, 500)
      assert.match(facts.capabilities, /^0+$/)
      assert.equal(facts.no_new_privileges, '1')
      assert.ok(!('NODE_ASGI_SECRET' in facts.environment))
      assert.equal(existsSync(dirname(facts.tmp)), false, 'temporary files are removed')
      rmSync(dirname(outside), { recursive: true })
    })
}

test('strict isolation allows more where it is told to', { timeout: LIMIT, skip: LACKING },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'allowed-'))
    chmodSync(folder, 0o777)
    const file = join(folder, 'file')
    writeFileSync(file, 'data', { mode: 0o666 })
    chmodSync(file, 0o666)
    const path = `/confined?outside=${file}`
    const [reading] = await attack({ profile: 'strict', allow: { read: [folder] } }, path)
    assert.equal(reading['read outside'], 'done')
    assert.equal(reading['write outside'], 'EACCES')
    const [writing] = await attack({ profile: 'strict', allow: { write: [folder] } }, path)
    assert.equal(writing['write outside'], 'done')
    rmSync(folder, { recursive: true })
  })

test('a path to allow that does not exist is named', { timeout: LIMIT, skip: LACKING },
  async () => {
    await assert.rejects(
      ask({ profile: 'strict', allow: { read: ['/nowhere/at/all'] } }, '/facts'),
      ({ stderr }) => /ERR_PYTHON_FAILED/.test(stderr) && /\/nowhere\/at\/all/.test(stderr))
  })

test('umask, privileges and capabilities without a profile', { timeout: LIMIT }, async () => {
  const [facts] = await ask(
    { umask: 0o027, noNewPrivileges: true, dropCapabilities: true }, '/facts')
  assert.equal(facts.umask, 0o027)
  assert.equal(facts.no_new_privileges, '1')
  assert.match(facts.capabilities, /^0+$/)
  if (isRoot) assert.match(facts.bounding, /^0+$/)
})

test('the secrets of Node reached its workers', { timeout: LIMIT }, async () => {
  process.env.NODE_ASGI_SECRET = 'a token'
  process.env.NODE_ASGI_WANTED = 'a setting'
  const [all] = await ask({}, '/facts')
  assert.equal(all.environment.NODE_ASGI_SECRET, 'a token', 'as the default says')
  const [none] = await ask({ inheritEnv: false }, '/facts')
  assert.ok(!('NODE_ASGI_SECRET' in none.environment))
  assert.equal(none.environment.PATH, process.env.PATH)
  const [some] = await ask({ inheritEnv: ['NODE_ASGI_WANTED'] }, '/facts')
  assert.ok(!('NODE_ASGI_SECRET' in some.environment))
  assert.equal(some.environment.NODE_ASGI_WANTED, 'a setting')
})
