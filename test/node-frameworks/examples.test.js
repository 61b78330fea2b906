// The examples whose frameworks are not among the development dependencies.
import { cp, mkdtemp, readFile, readdir, rm, symlink, mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

import ts from 'typescript'

import { EXAMPLES, checkFrameworkExample, runExample } from '../support/example.js'
import { LIMIT } from '../support/harness.js'
import { skip } from './installed.js'

const PACKAGES = fileURLToPath(new URL('node_modules/', import.meta.url))
const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Copies an example into a folder that has the packages, as `npm install` would make it. */
async function install (name) {
  const folder = await mkdtemp(join(tmpdir(), 'node-asgi-example-'))
  await cp(join(EXAMPLES, name), folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await mkdir(join(folder, 'node_modules'))
  for (const entry of await readdir(PACKAGES)) {
    await symlink(join(PACKAGES, entry), join(folder, 'node_modules', entry))
  }
  await symlink(ROOT, join(folder, 'node_modules/node-asgi'))
  return folder
}

test('examples/nest', { skip, timeout: LIMIT }, async () => {
  const folder = await install('nest')
  try {
    const source = await readFile(join(folder, 'main.ts'), 'utf8')
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ESNext,
        experimentalDecorators: true,
        emitDecoratorMetadata: true
      }
    })
    await writeFile(join(folder, 'main.js'), outputText)
    await runExample(folder, 'main.js', (url) => checkFrameworkExample(url, 'Nest'))
  } finally {
    await rm(folder, { recursive: true })
  }
})
