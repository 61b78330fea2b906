import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const SCRIPT = fileURLToPath(new URL('../../scripts/import-graph.js', import.meta.url))

/** What the check says of these files, given by path below addon/lib. */
async function check (t, files) {
  const root = mkdtempSync(join(tmpdir(), 'import-graph-'))
  t.after(() => rmSync(root, { recursive: true }))
  for (const folder of ['bench', 'scripts', 'test']) mkdirSync(join(root, folder))
  for (const [name, text] of Object.entries(files)) {
    const path = join(root, 'addon/lib', name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  const { code, output } = await new Promise((resolve) => {
    execFile(process.execPath, [SCRIPT, root], (error, stdout, stderr) => {
      resolve({ code: error ? error.code : 0, output: stdout + stderr })
    })
  })
  const found = [...output.matchAll(/^ {2}([\w-]+): (.*)/gm)]
    .map(([, rule, path]) => `${rule}: ${path.replaceAll('addon/lib/', '')}`)
  assert.ok(existsSync(join(root, 'build/import-graph.svg')))
  assert.equal(code, found.length > 0 ? 1 : 0, output)
  return found.sort()
}

test('imports downwards pass, of values and of types', async (t) => {
  assert.deepEqual(await check(t, {
    'handler.js': "import { a } from './worker/a.js'\na()\n",
    'worker/a.js': "/** @typedef {import('../util/b.js').B} B */\nexport function a () {}\n",
    'util/b.js': 'export class B {}\n'
  }), [])
})

test('an upward import is found, of a value or of a type in any JSDoc tag', async (t) => {
  const found = await check(t, {
    'supervisor/a.js': 'export class A {}\n',
    'worker/value.js': "import { A } from '../supervisor/a.js'\nnew A()\n",
    'worker/typedef.js': "/** @typedef {import('../supervisor/a.js').A} A */\n",
    'worker/param.js': "/** @param {import('../supervisor/a.js').A} a */\n(function f (a) {})()\n",
    'worker/cast.js': "export const a = /** @type {import('../supervisor/a.js').A} */ ({})\n",
    'worker/field.js': "class B {\n/** @type {import('../supervisor/a.js').A} */\na\n}\nnew B()\n",
    'worker/property.js': "import './param.js'\n" +
      "/**\n * @typedef {object} B\n * @property {import('../supervisor/a.js').A} a\n */\n"
  })
  assert.deepEqual(found, [
    'unseen: worker/property.js → ../supervisor/a.js',
    'worker-imports-upwards: worker/cast.js → supervisor/a.js',
    'worker-imports-upwards: worker/field.js → supervisor/a.js',
    'worker-imports-upwards: worker/param.js → supervisor/a.js',
    'worker-imports-upwards: worker/typedef.js → supervisor/a.js',
    'worker-imports-upwards: worker/value.js → supervisor/a.js'
  ])
})

test('a cycle is found in which each import is one of types', async (t) => {
  const found = await check(t, {
    'pool/a.js': "/** @typedef {import('./b.js').B} B */\nexport class A {}\n",
    'pool/b.js': "/** @typedef {import('./c.js').C} C */\nexport class B {}\n",
    'pool/c.js': "/** @typedef {import('./a.js').A} A */\nexport class C {}\n"
  })
  assert.deepEqual(found, ['cycle: pool/a.js → pool/b.js → pool/c.js → pool/a.js'])
})

test('a file outside the layers is found, and one that nothing imports', async (t) => {
  assert.deepEqual(await check(t, {
    'attic/a.js': "import '../util/b.js'\n",
    'util/b.js': 'export const b = 1\n',
    'util/c.js': 'export const c = 1\n',
    'index.js': "import './attic/d.js'\n",
    'attic/d.js': 'export const d = 1\n'
  }), [
    'no-layer: attic/a.js → util/b.js', 'no-layer: index.js → attic/d.js', 'orphan: util/c.js'
  ])
})

test('code does not import the declarations for users', async (t) => {
  assert.deepEqual(await check(t, {
    'index.js': "/** @typedef {import('./types/http.d.ts').Headers} Headers */\n",
    'index.d.ts': "export * from './types/http.js'\n",
    'types/http.d.ts': 'export interface Headers {}\n'
  }), ['declarations-are-apart: index.js → types/http.d.ts'])
})
