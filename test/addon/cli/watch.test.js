import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { test } from 'node:test'

import { watchFiles } from '../../../addon/lib/cli/watch.js'

const LIMIT = 30_000

/** A folder that is watched; `next()` waits for the next change. */
async function watched (t, { inside = '', extensions = ['py'], before = () => {} } = {}) {
  const parent = mkdtempSync(join(tmpdir(), 'node-asgi-watch-'))
  t.after(() => rmSync(parent, { recursive: true }))
  const folder = join(parent, inside)
  mkdirSync(folder, { recursive: true })
  before(folder)
  const changes = []
  let wake = () => {}
  const watcher = watchFiles({
    folders: [folder],
    extensions,
    onChange (paths) {
      changes.push(paths.map((path) => basename(path)))
      wake()
    },
    onError (error) { throw error }
  })
  t.after(() => watcher.close())
  await watcher.ready
  return {
    write (name, text = 'x') {
      mkdirSync(join(folder, name, '..'), { recursive: true })
      writeFileSync(join(folder, name), text)
    },
    folder,
    async next () {
      if (changes.length === 0) {
        await new Promise((resolve, reject) => {
          const timer = setTimeout(() => reject(new Error('no change was seen')), LIMIT)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      return changes.shift()
    }
  }
}

test('files that are changed, made, removed', async (t) => {
  const { write, folder, next } = await watched(t, {
    before: (path) => writeFileSync(join(path, 'old.py'), '1')
  })
  write('old.py', 'longer')
  assert.deepEqual(await next(), ['old.py'])
  write('new.py')
  assert.deepEqual(await next(), ['new.py'])
  rmSync(join(folder, 'old.py'))
  assert.deepEqual(await next(), ['old.py'])
  write('package/module.py')
  assert.deepEqual(await next(), ['module.py'])
})

test('an editor that writes beside the file and renames', async (t) => {
  const { write, folder, next } = await watched(t, {
    before: (path) => writeFileSync(join(path, 'main.py'), '1')
  })
  write('.main.py.swp')
  write('main.py~', 'new')
  renameSync(join(folder, 'main.py~'), join(folder, 'main.py'))
  assert.deepEqual(await next(), ['main.py'])
})

test('many changes at once are one', async (t) => {
  const { write, next } = await watched(t)
  for (let i = 0; i < 20; i++) write(`module${i}.py`)
  assert.equal((await next()).length, 20)
})

test('what is no source of the application is left out', async (t) => {
  const { write, next } = await watched(t, {
    before (path) {
      mkdirSync(join(path, 'environment'))
      writeFileSync(join(path, 'environment', 'pyvenv.cfg'), '')
    }
  })
  for (const name of ['environment/lib.py', '.git/hook.py', 'node_modules/a.py', '__pycache__/b.py',
    'text.txt', 'main.pyc']) write(name)
  write('fence.py')
  assert.deepEqual(await next(), ['fence.py'])
})

test('a docroot inside a hidden folder, and other extensions', async (t) => {
  const { write, next } = await watched(t, { inside: '.hidden/app', extensions: ['html', 'toml'] })
  write('main.py')
  write('page.html')
  assert.deepEqual(await next(), ['page.html'])
})
