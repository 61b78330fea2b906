import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { mismatch, readElf } from '../../../addon/lib/interpreter/elf.js'
import { program } from '../../support/elf.js'
import { assertFacts } from '../../support/facts.js'

const root = mkdtempSync(join(tmpdir(), 'elf-'))
after(() => rmSync(root, { recursive: true }))

function parse (bytes) {
  const path = join(root, 'program')
  writeFileSync(path, bytes)
  return readElf(path)
}

const GLIBC = '/lib64/ld-linux-x86-64.so.2'
const MUSL = '/lib/ld-musl-x86_64.so.1'

test('the processor and the loader, of both sizes and byte orders', () => {
  for (const is64 of [true, false]) {
    for (const isLittle of [true, false]) {
      for (const loader of [GLIBC, null]) {
        assert.deepEqual(parse(program({ machine: 40, is64, isLittle, loader })),
          { machine: 'arm', loader })
      }
    }
  }
  assert.equal(parse(program({ machine: 4711 })).machine, 'machine 4711')
})

test('this Node.js can load modules for itself', () => {
  const node = readElf(process.execPath)
  assert.equal(node.machine, process.arch)
  assert.equal(mismatch(node), null)
})

test('scripts and other files are not programs', () => {
  for (const bytes of ['', '#!/bin/sh\n', '\x7fEL', Buffer.from('cffaedfe', 'hex')]) {
    assert.equal(parse(bytes), null)
  }
})

test('a torn or invented header was read without an end', () => {
  const torn = program().subarray(0, 70)
  assert.deepEqual(parse(torn), { machine: 'x64', loader: null })
  const mad = program()
  mad.fill(0xff, 32, 64)
  assert.equal(parse(mad).machine, 'x64')
  const sized = program()
  sized.writeUInt16LE(0, 54)
  assert.equal(parse(sized).machine, 'x64')
})

test('a program for another processor or C library', () => {
  const node = { machine: 'x64', loader: GLIBC }
  assert.equal(mismatch({ machine: 'x64', loader: '/nix/store/x/lib/ld-linux-x86-64.so.2' }, node),
    null)
  assertFacts(mismatch({ machine: 'arm64', loader: GLIBC }, node), ['arm64', 'x64'])
  assertFacts(mismatch({ machine: 'x64', loader: MUSL }, node), ['musl', 'glibc'])
  assertFacts(mismatch({ machine: 'x64', loader: GLIBC }, { ...node, loader: MUSL }),
    ['musl', 'glibc'])
  assertFacts(mismatch({ machine: 'x64', loader: null }, node), ['statically'])
  assert.equal(mismatch({ machine: 'x64', loader: MUSL }, { ...node, loader: null }), null)
  assert.equal(mismatch({ machine: 'arm64', loader: MUSL }, null), null)
})
