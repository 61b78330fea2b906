import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { readTarballs, serveTarballs } from './registry.js'

let folder
let registry

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'node-asgi-registry-'))
  mkdirSync(join(folder, 'package'))
  const manifest = { name: '@node-asgi/linux-x64-gnu', version: '1.2.3', libc: ['glibc'] }
  writeFileSync(join(folder, 'package/package.json'), JSON.stringify(manifest))
  execFileSync('tar', ['-czf', 'a.tgz', 'package'], { cwd: folder })
  registry = await serveTarballs(await readTarballs(folder))
})

after(() => {
  registry.close()
  rmSync(folder, { recursive: true })
})

test('describes a package, and serves what it describes', async () => {
  const response = await fetch(`${registry.url}/@node-asgi%2flinux-x64-gnu`)
  const { versions, 'dist-tags': tags } = await response.json()
  assert.deepEqual(versions[tags.latest].libc, ['glibc'])
  const { tarball, integrity } = versions['1.2.3'].dist
  const contents = Buffer.from(await (await fetch(tarball)).arrayBuffer())
  const sum = createHash('sha512').update(contents).digest('base64')
  assert.equal(integrity, `sha512-${sum}`)
})

test('does not know other packages', async () => {
  assert.equal((await fetch(`${registry.url}/@node-asgi%2fother`)).status, 404)
})

test('a folder that does not exist has no tarballs', async () => {
  assert.deepEqual(await readTarballs(join(folder, 'none')), [])
})
