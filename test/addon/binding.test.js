import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'

import { loadFrom } from '../../addon/lib/binding.js'

describe('loadFrom', () => {
  /** The error about an addon that is missing below a folder with these files. */
  function failure (t, files = []) {
    const folder = mkdtempSync(join(tmpdir(), 'node-asgi-binding-'))
    t.after(() => rmSync(folder, { recursive: true }))
    for (const name of files) writeFileSync(join(folder, name), '')
    const path = join(folder, 'node_asgi.node')
    try {
      loadFrom(path, pathToFileURL(`${folder}/`))
    } catch (error) {
      return { error, path }
    }
    return assert.fail('it was loaded')
  }

  it('names the platform, the version of Node and the path that it tried', (t) => {
    const { error, path } = failure(t)
    assert.equal(error.code, 'ERR_BINDING_NOT_FOUND')
    for (const fact of [process.platform, process.arch, process.version, path]) {
      assert(error.message.includes(fact), `${fact} is missing: ${error.message}`)
    }
    assert.equal(error.cause.code, 'MODULE_NOT_FOUND')
  })

  it('says why a file that exists cannot be loaded', (t) => {
    const { error } = failure(t, ['node_asgi.node'])
    assert.equal(error.code, 'ERR_BINDING_NOT_FOUND')
    assert(error.message.includes(error.cause.message))
  })

  it('gives the build command only in a checkout', (t) => {
    assert.match(failure(t, ['CMakeLists.txt']).error.message, /npm run build/)
    assert.doesNotMatch(failure(t).error.message, /npm run|scripts\//)
  })
})
