/** The examples of docs/typescript.md, and the documents of other frameworks. */

import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'

import { FOLDER, skip } from './installed.js'
import { Project } from './project.js'

const TYPES = ['node-asgi', 'types', 'main:app', '-o', 'python.d.ts']

describe('node-asgi types', { skip, timeout: 600_000 }, () => {
  /** @type {Project} */
  let project
  before(async () => { project = await Project.create('typed-client', 'nextjs-typed') })
  after(() => project.remove())

  /** Runs a command in an example, which must succeed; returns its output. */
  async function passes (example, ...command) {
    const { code, output } = await project.run(example, command)
    assert.equal(code, 0, output)
    return output
  }

  it('the types of examples/typed-client are up to date', () =>
    passes('typed-client', ...TYPES, '--check'))

  it('examples/typed-client compiles and calls Python in its process', async () => {
    await passes('typed-client', 'tsc')
    assert.equal(await passes('typed-client', 'node', 'dist/client.js'), 'teapot: 12.50\n')
  })

  it('examples/nextjs-typed is built, and its page has data from Python', async () => {
    await passes('nextjs-typed', ...TYPES)
    // Turbopack does not follow the links to the packages, which lead out of the project.
    await passes('nextjs-typed', 'next', 'build', '--webpack')
    const server = project.start('nextjs-typed', ['next', 'start', '-p', '0', '-H', '127.0.0.1'])
    try {
      const url = await server.find(/http:\/\/127\.0\.0\.1:\d+/)
      const page = await (await fetch(url)).text()
      assert.match(page, /There is no item\./)
    } finally {
      await server.stop()
    }
  })

  for (const [example, place] of [
    ['typed-client', 'client.ts'], ['nextjs-typed', 'app/page.tsx']
  ]) {
    it(`a field that is renamed in Python breaks the build of ${example}`, async () => {
      const file = join(project.folder, example, 'main.py')
      writeFileSync(file, readFileSync(file, 'utf8').replace('price: float', 'cost: float'))
      await passes(example, ...TYPES)
      const { code, output } = await project.run(example, ['tsc'])
      assert.notEqual(code, 0)
      assert(output.includes(place), output)
      assert.match(output, /'price' does not exist/)
    })
  }

  for (const [framework, target] of [
    ['Litestar', 'litestar_app:app'], ['Django Ninja', 'ninja_app:app']
  ]) {
    it(`${framework} has a document that is found`, async () => {
      const [file] = target.split(':')
      copyFileSync(join(FOLDER, 'apps', `${file}.py`),
        join(project.folder, 'typed-client', `${file}.py`))
      const output = await passes('typed-client', 'node-asgi', 'types', target)
      assert.match(output, /\/items"/)
      assert.match(output, /name: string/)
    })
  }
})
