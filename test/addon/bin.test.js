import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import module from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const command = fileURLToPath(new URL('../../addon/bin/node-asgi.js', import.meta.url))

function completion (env) {
  return execFileSync(process.execPath, [command, 'completion', 'bash'],
    { encoding: 'utf8', env: { PATH: process.env.PATH, ...env }, timeout: 20_000 })
}

test('a home directory in which nothing can be created does not keep the command waiting', () => {
  for (const HOME of ['/proc', '/dev/null', '/nonexistent/home', '']) {
    assert.match(completion({ HOME }), /complete/)
  }
})

test('the compile cache is in the cache directory of the user', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'node-asgi-cache-'))
  t.after(() => rmSync(folder, { recursive: true }))
  completion({ HOME: '/nonexistent', XDG_CACHE_HOME: folder })
  assert.equal(existsSync(join(folder, 'node-asgi')), module.enableCompileCache !== undefined)
})
