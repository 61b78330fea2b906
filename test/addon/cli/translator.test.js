import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

import { loadTranslator, TranslatorError } from '../../../addon/lib/cli/translator.js'

describe('loadTranslator', () => {
  const directory = mkdtempSync(join(tmpdir(), 'node-asgi-translator-'))
  after(() => rmSync(directory, { recursive: true }))

  /** A project with an openapi-typescript of this source. */
  function project (name, source) {
    const folder = join(directory, name)
    const installed = join(folder, 'node_modules/openapi-typescript')
    mkdirSync(installed, { recursive: true })
    writeFileSync(join(installed, 'package.json'), '{"type": "module", "exports": "./index.js"}')
    writeFileSync(join(installed, 'index.js'), source)
    return folder
  }

  it('uses the version of the project, from which node-asgi may be linked only', async () => {
    const translate = await loadTranslator(project('own', 'export const astToString = (x) => x\n' +
      'export default (document) => Object.keys(document).join()'))
    assert.equal(await translate({ openapi: '3.1.0', paths: {} }), 'openapi,paths')
  })

  it('did not see version 7 where require() found it: as CommonJS', async () => {
    const translate = await loadTranslator(fileURLToPath(new URL('.', import.meta.url)))
    const text = await translate({
      openapi: '3.1.0',
      info: { title: 'x', version: '1' },
      paths: {},
      components: { schemas: { Item: { type: 'object', properties: { n: { type: 'number' } } } } }
    })
    assert.match(text, /Item: \{\s+n\?: number;/)
  })

  it('says how to install it when the project has another version', async () => {
    await assert.rejects(loadTranslator(project('old', 'export default () => {}')),
      (error) => error instanceof TranslatorError && /npm install .*@7/.test(error.message))
  })

  it('says how to install TypeScript when only that is missing', async () => {
    const folder = project('bare', "import 'typescript-that-is-missing'")
    await assert.rejects(loadTranslator(folder), (error) => error instanceof TranslatorError &&
      /npm install .*typescript-that-is-missing/.test(error.message))
  })

  it('does not hide what goes wrong in it', async () => {
    await assert.rejects(loadTranslator(project('broken', 'throw new RangeError("broken")')),
      RangeError)
  })
})
