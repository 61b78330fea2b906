// What the Dockerfile of examples/nextjs puts into its image, in an empty folder. The image itself
// is not built.

import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'

import { checkOnePool, checkPage, checkRoutes, checkStreaming } from './checks.js'
import { NextProject, skip } from './project.js'

const FROM = /^COPY (?:--from=(\w+) )?(\S+) (\S+)$/gm

/**
 * Does the last stage of the Dockerfile.
 * @param {NextProject} project as the stages `build` and `python` leave it
 * @param {string} folder
 */
function assemble (project, folder) {
  const stage = project.read('Dockerfile').split(/^FROM base$/m)[1]
  const copies = [...stage.matchAll(FROM)]
  assert.equal(copies.length, 4)
  for (const [, from, source, target] of copies) {
    const path = join(project.folder, source.replace('/app/', ''))
    const to = join(folder, target, target.endsWith('./') && from === undefined ? source : '')
    mkdirSync(dirname(to), { recursive: true })
    // An environment works only at its own path.
    if (from === 'python') symlinkSync(path, to)
    else cpSync(path, to, { recursive: true, verbatimSymlinks: true })
  }
}

describe('examples/nextjs in a container', { skip, timeout: 600_000 }, () => {
  /** @type {NextProject} */
  let project
  let folder
  before(async () => {
    project = await NextProject.create()
    folder = mkdtempSync(join(tmpdir(), 'node-asgi-standalone-'))
  })
  after(() => {
    project.remove()
    rmSync(folder, { recursive: true, force: true })
  })

  it('is built with its types, and without Python', async () => {
    const { code, output, python } = await project.run(['next', 'build'], { STANDALONE: '1' })
    assert.equal(code, 0, output)
    assert.equal(python, 0)
  })

  it('runs in an empty folder with what the Dockerfile copies', async () => {
    assemble(project, folder)
    assert(!readdirSync(folder).includes('Dockerfile'))
    const server = await project.start(['server.js'],
      { cwd: folder, env: { NODE_ENV: 'production' } })
    try {
      await checkRoutes(server)
      await checkPage(server)
      await checkStreaming(server)
      await checkOnePool(server)
    } finally {
      await server.stop()
    }
  })
})
