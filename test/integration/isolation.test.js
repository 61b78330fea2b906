/** What a hostile worker can do to Node, to the fork server and to other workers. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { APPS, LIMIT } from '../support/harness.js'
import { isRoot, NOBODY, PYTHON, run, runUnprivileged } from '../support/unprivileged.js'

const PROGRAM = fileURLToPath(new URL('../support/programs/attack.js', import.meta.url))

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
