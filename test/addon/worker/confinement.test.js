import assert from 'node:assert/strict'
import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { loadBinding } from '../../../addon/lib/binding.js'
import { StartupError } from '../../../addon/lib/errors.js'
import { parseOptions } from '../../../addon/lib/options.js'
import { Confinement } from '../../../addon/lib/worker/confinement.js'

const make = (isolation) => new Confinement(parseOptions({ docroot: '/', isolation }))

test('without isolation, Python runs the fork server directly', () => {
  const confinement = make({ limits: { cpu: 1500, files: 70 } })
  assert.deepEqual(confinement.open('main.py'), { args: ['-u', 'main.py'], env: {} })
  assert.deepEqual(confinement.settings,
    { debug: false, limits: { cpu: 2, nofile: 70 }, allowed: null })
  confinement.close()
})

test('what an exec keeps is done by a launcher that loads no packages', () => {
  for (const isolation of [{ umask: 0 }, { noNewPrivileges: true }, { dropCapabilities: true }]) {
    const { args } = make(isolation).open('main.py')
    assert.deepEqual(args.slice(0, 4), ['-I', '-S', 'main.py', 'launch'])
    assert.equal(JSON.parse(args[4]).allowed, null)
  }
})

test('strict isolation has a private directory for temporary files', (t) => {
  t.mock.method(loadBinding(), 'landlockVersion', () => 3)
  const confinement = make('strict')
  const { env: { TMPDIR } } = confinement.open('main.py')
  assert.equal(statSync(TMPDIR).mode & 0o777, 0o700)
  assert.deepEqual(confinement.settings.allowed, { read: ['/'], write: [], temporary: TMPDIR })
  confinement.close()
  assert.ok(!existsSync(TMPDIR))
})

test('a read-only /tmp was taken for a Python that cannot be run', (t) => {
  t.mock.method(loadBinding(), 'landlockVersion', () => 3)
  const before = process.env.TMPDIR
  t.after(() => {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  })
  process.env.TMPDIR = '/nowhere'
  assert.throws(() => make('strict').open('main.py'), (error) => {
    assert(error instanceof StartupError)
    assert.match(error.message, /temporary files.*make \/nowhere writable.*or set TMPDIR/)
    return true
  })
})

test('what the application has left in it is not removed with the rights of Node', (t) => {
  t.mock.method(loadBinding(), 'landlockVersion', () => 3)
  const confinement = make('strict')
  const { env: { TMPDIR } } = confinement.open('main.py')
  writeFileSync(join(TMPDIR, 'left'), '')
  confinement.close()
  assert.ok(existsSync(join(TMPDIR, 'left')))
  rmSync(TMPDIR, { recursive: true })
})
