import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { after, test } from 'node:test'

import { findPython } from '../../../addon/lib/supervisor/interpreter.js'

const root = mkdtempSync(join(tmpdir(), 'interpreter-'))
after(() => rmSync(root, { recursive: true }))

function executable (path) {
  const file = join(root, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, '#!/bin/sh\n')
  chmodSync(file, 0o755)
  return file
}

const shell = executable('shell-venv/bin/python3')
const app = executable('app/.venv/bin/python3')
const here = executable('cwd/.venv/bin/python3')
const system = executable('bin/python3')
const named = executable('bin/python3.12')
const docroot = join(root, 'app')
const cwd = join(root, 'cwd')
const empty = join(root, 'bin')
const PATH = `/nowhere:${join(root, 'bin')}`

const find = (python, env, at = {}) =>
  findPython({ python, docroot: at.docroot ?? docroot }, { PATH, ...env },
    (path) => resolve(at.cwd ?? cwd, path))

test('the option comes before everything else', () => {
  const env = { VIRTUAL_ENV: dirname(dirname(shell)) }
  assert.equal(find(named, env), named)
  assert.equal(find('python3.12', env), named)
  assert.equal(find('../bin/python3', env), system)
})

test('then the virtual environment of the shell', () => {
  assert.equal(find(undefined, { VIRTUAL_ENV: dirname(dirname(shell)) }), shell)
})

test('then .venv in the docroot, then in the working directory', () => {
  assert.equal(find(undefined, {}), app)
  assert.equal(find(undefined, {}, { docroot: empty }), here)
})

test('then python3 on PATH', () => {
  assert.equal(find(undefined, {}, { docroot: empty, cwd: empty }), system)
})

test('a VIRTUAL_ENV without an interpreter is passed over', () => {
  assert.equal(find(undefined, { VIRTUAL_ENV: join(root, 'gone') }), app)
  assert.equal(find(undefined, { VIRTUAL_ENV: '' }), app)
})

test('an option that names the directory of an environment is told the path in it', () => {
  for (const python of ['.venv', './.venv', join(cwd, '.venv')]) {
    assert.throws(() => find(python, {}), (error) => {
      assert.equal(error.code, 'ERR_PYTHON_NOT_FOUND')
      assert.ok(error.message.includes(`set it to ${join(python, 'bin/python3')}`), error.message)
      return true
    })
  }
})

test('an option that names no executable is an error, not a reason to look elsewhere', () => {
  const plain = join(root, 'plain')
  writeFileSync(plain, '')
  for (const python of [join(root, 'missing'), plain, cwd, 'python9', './python3']) {
    assert.throws(() => find(python, {}), (error) => {
      assert.equal(error.code, 'ERR_PYTHON_NOT_FOUND')
      assert.ok(error.message.includes(python))
      return true
    })
  }
})

test('no python at all', () => {
  assert.throws(() => find(undefined, { PATH: '/nowhere' }, { docroot: empty, cwd: empty }),
    { code: 'ERR_PYTHON_NOT_FOUND', message: /python3 on PATH/ })
  assert.throws(() => find(undefined, { PATH: undefined }, { docroot: empty, cwd: empty }),
    { code: 'ERR_PYTHON_NOT_FOUND' })
})
