import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs, { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { mock, test } from 'node:test'

import { watchFiles } from '../../../addon/lib/reload/watch.js'

const LIMIT = 30_000
const MODULE = new URL('../../../addon/lib/reload/watch.js', import.meta.url).href

/** A new folder with these empty files. The name of a folder ends in a slash. */
function temporary (t, files = [], inside = '') {
  const parent = mkdtempSync(join(tmpdir(), 'node-asgi-watch-'))
  t.after(() => rmSync(parent, { recursive: true }))
  const folder = join(parent, inside)
  mkdirSync(folder, { recursive: true })
  for (const name of files) write(join(folder, name), '')
  return folder
}

function write (path, text = 'x') {
  mkdirSync(path.endsWith('/') ? path : dirname(path), { recursive: true })
  if (!path.endsWith('/')) writeFileSync(path, text)
}

/** Watches a folder. */
async function watched (t, folder, { root = folder, ...options } = {}) {
  const calls = []
  const errors = []
  let wake = () => {}
  const watcher = watchFiles({
    folders: [root],
    ...options,
    onChange (paths) {
      calls.push(paths.map((path) => relative(root, resolve(path))))
      wake()
    },
    onError (error) { errors.push(error) }
  })
  t.after(() => watcher.close())
  await watcher.ready
  return {
    watcher,
    calls,
    errors,
    write: (name, text) => write(join(folder, name), text),
    /**
     * Waits until changes of all these are reported; returns every name reported since the last
     * time. How the system divides the events of a change depends on how busy it is.
     */
    async seen (...names) {
      const all = new Set()
      const timer = setTimeout(() => wake(new Error(`of ${names} were seen ${[...all]}`)), LIMIT)
      while (true) {
        for (const paths of calls.splice(0)) paths.forEach((path) => all.add(path))
        if (names.every((name) => all.has(name))) break
        const error = await new Promise((resolve) => { wake = resolve })
        if (error) throw error
      }
      clearTimeout(timer)
      return [...all].sort()
    }
  }
}

test('files that are changed, created and removed', async (t) => {
  const folder = temporary(t, ['old.py'])
  const { write, seen } = await watched(t, folder)
  write('old.py', 'longer')
  await seen('old.py')
  write('new.py')
  await seen('new.py')
  rmSync(join(folder, 'old.py'))
  await seen('old.py')
  write('package/module.py')
  await seen('package/module.py')
  write('package/module.py', 'again')
  await seen('package/module.py')
})

test('files that existed before are not reported', async (t) => {
  const { write, seen } = await watched(t, temporary(t, ['old.py', 'package/old.py']))
  write('fence.py')
  assert.deepEqual(await seen('fence.py'), ['fence.py'])
})

test('paths in the working directory are relative to it, and reported once', async (t) => {
  const folder = temporary(t)
  t.mock.method(process, 'cwd', () => dirname(folder))
  const paths = await new Promise((resolve) => {
    const watcher = watchFiles({ folders: [folder], onChange: resolve, onError () {} })
    t.after(() => watcher.close())
    watcher.ready.then(() => {
      write(join(folder, 'main.py'))
      write(join(folder, 'main.py'), 'more')
    })
  })
  assert.deepEqual(paths, [join(basename(folder), 'main.py')])
})

test('an editor that writes another file and renames it', async (t) => {
  const folder = temporary(t, ['main.py'])
  const { write, seen } = await watched(t, folder)
  for (const text of ['first', 'second', 'third']) {
    write('.main.py.swp')
    write('main.py~', text)
    renameSync(join(folder, 'main.py~'), join(folder, 'main.py'))
    assert.deepEqual(await seen('main.py'), ['main.py'])
  }
})

test('an editor that moves the old file away and writes a new one', async (t) => {
  const folder = temporary(t, ['main.py'])
  const { write, seen } = await watched(t, folder)
  for (const text of ['first', 'second']) {
    renameSync(join(folder, 'main.py'), join(folder, 'main.py~'))
    write('main.py', text)
    rmSync(join(folder, 'main.py~'))
    assert.deepEqual(await seen('main.py'), ['main.py'])
  }
})

test('many changes at once are reported together', async (t) => {
  const { write, seen, calls } = await watched(t, temporary(t))
  let count = 0
  const push = calls.push
  calls.push = (paths) => {
    count++
    return push.call(calls, paths)
  }
  const names = Array.from({ length: 50 }, (_, i) => `module${i}.py`)
  for (const name of names) write(name)
  await seen(...names)
  assert(count < names.length / 2, `${count} calls`)
})

test('files that are not sources of the application are ignored', async (t) => {
  const { write, seen } = await watched(t,
    temporary(t, ['environment/pyvenv.cfg', 'environment/lib/']))
  for (const name of ['environment/a.py', 'environment/lib/b.py', '.git/hook.py', '.hidden.d/c.py',
    'node_modules/d/e.py', 'package/__pycache__/f.py', 'text.txt', 'main.pyc', 'py']) write(name)
  write('package/fence.py')
  assert.deepEqual(await seen('package/fence.py'), ['package/fence.py'])
})

test('a virtual environment that is created while the folder is watched', async (t) => {
  const { write, seen } = await watched(t, temporary(t))
  // venv and uv create one in this order. The fence shows that the folder is watched by now.
  write('environment/before.py')
  await seen('environment/before.py')
  write('environment/pyvenv.cfg')
  write('environment/module.py')
  write('environment/lib/module.py')
  write('fence.py')
  assert.deepEqual(await seen('fence.py'), ['fence.py'])
})

test('a docroot inside folders that would be ignored', async (t) => {
  for (const inside of ['.hidden/app', 'node_modules/.app', 'environment']) {
    const { write, seen } = await watched(t, temporary(t, ['pyvenv.cfg'], inside))
    write('package/main.py')
    await seen('package/main.py')
  }
})

test('other extensions', async (t) => {
  const { write, seen } = await watched(t, temporary(t), { extensions: ['html', 'toml'] })
  write('main.py')
  write('page.html')
  write('site.toml')
  assert.deepEqual(await seen('page.html', 'site.toml'), ['page.html', 'site.toml'])
})

test('a link to a file is followed, a link to a folder is not', async (t) => {
  const folder = temporary(t, ['package/main.py', 'elsewhere.txt'])
  symlinkSync('..', join(folder, 'package', 'loop'))
  symlinkSync('elsewhere.txt', join(folder, 'link.py'))
  const { write, seen } = await watched(t, folder)
  write('package/main.py', 'longer')
  assert.deepEqual(await seen('package/main.py'), ['package/main.py'])
  write('elsewhere.txt', 'longer')
  assert.deepEqual(await seen('link.py'), ['link.py'])
})

test('a docroot that is a link', async (t) => {
  const folder = temporary(t, ['release/main.py'])
  symlinkSync('release', join(folder, 'current'))
  const { write, seen } = await watched(t, folder, { root: join(folder, 'current') })
  write('release/main.py', 'longer')
  await seen('main.py')
})

for (const [what, root] of [['a folder', '.'], ['the docroot', '.hidden/generated']]) {
  test(`${what} that is removed and created again, at once or later`, async (t) => {
    const folder = temporary(t, ['.hidden/generated/a.py', 'generated/a.py'])
    const base = root === '.' ? 'generated' : root
    const name = (file) => relative(root, join(base, file))
    const { write, seen } = await watched(t, folder, { root: join(folder, root) })
    const edit = async (text) => {
      // Repeatedly, because nothing reports when the new folder is watched.
      const timer = setInterval(() => {
        write(join(base, 'a.py'), text += 'x')
        write(join(base, `${text}.py`))
        write(join(base, 'deep', `${text}.py`))
      }, 200)
      t.after(() => clearInterval(timer))
      const isNew = (path) => path.startsWith(name(text)) && path.endsWith('.py')
      const isDeep = (path) => path.startsWith(name(`deep/${text}`))
      const all = []
      while (!all.some(isNew) || !all.some(isDeep)) all.push(...await seen(name('a.py')))
      clearInterval(timer)
    }
    rmSync(join(folder, base), { recursive: true })
    write(join(base, 'a.py'), 'at once')
    await edit('at_once')
    rmSync(join(folder, base), { recursive: true })
    await seen(name('a.py'))
    write(join(base, 'a.py'), 'later')
    await edit('later')
  })
}

test('a link in the path that is switched to another folder', async (t) => {
  const parent = temporary(t, ['v1/app/main.py', 'v1/app/old/module.py', 'v2/app/main.py',
    'v2/app/new/module.py'])
  const current = join(parent, 'current')
  symlinkSync('v1', current)
  const root = join(current, 'app')
  const { write, seen, calls } = await watched(t, root)
  for (const [target, old] of [['v2', 'v1'], ['v1', 'v2']]) {
    symlinkSync(target, join(parent, 'next'))
    renameSync(join(parent, 'next'), current)
    await seen('')
    const inside = target === 'v1' ? 'old/module.py' : 'new/module.py'
    for (const name of ['main.py', inside]) {
      write(name)
      await seen(name)
    }
    writeFileSync(join(parent, old, 'app/main.py'), 'not served any more')
    write('main.py', 'served')
    await seen('main.py')
  }
  rmSync(current)
  symlinkSync('v2', current)
  await seen('')
  assert.deepEqual(calls, [])
})

test('the limit of inotify is reported once, with what to do', async (t) => {
  const folder = temporary(t, ['a/a.py', 'b/b.py', 'c/c.py'])
  mock.method(fs, 'watch', (path) => {
    throw Object.assign(new Error(`ENOSPC: no space left on device, watch '${path}'`),
      { code: 'ENOSPC' })
  })
  syncBuiltinESMExports()
  t.after(() => {
    mock.restoreAll()
    syncBuiltinESMExports()
  })
  const { errors } = await watched(t, folder)
  // The first error makes it ready. The others follow, one for each folder and file.
  const end = Date.now() + LIMIT
  while (fs.watch.mock.callCount() < 7 && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.equal(fs.watch.mock.callCount(), 7)
  assert.equal(errors.length, 1)
  assert.match(errors[0].message, /ENOSPC.*fs\.inotify\.max_user_watches.*watch\.folders/)
})

test('ready resolves after any other error', async (t) => {
  const folder = temporary(t)
  mock.method(fs, 'watch', () => {
    throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })
  })
  syncBuiltinESMExports()
  t.after(() => {
    mock.restoreAll()
    syncBuiltinESMExports()
  })
  const { errors } = await watched(t, folder)
  assert.equal(errors.length, 1)
  assert.match(errors[0].message, /EACCES: permission denied$/)
})

test('close() before it is ready', async (t) => {
  const watcher = watchFiles({ folders: [temporary(t)], onChange () {}, onError () {} })
  await Promise.all([watcher.close(), watcher.ready])
})

test('close() leaves nothing that keeps the process alive, and reports nothing more', async (t) => {
  const folder = temporary(t, ['main.py', 'package/module.py'])
  const child = spawn(process.execPath, ['--input-type=module', '-e', `
    import { rmSync, writeFileSync } from 'node:fs'
    import { watchFiles } from ${JSON.stringify(MODULE)}
    let isClosed = false
    const watcher = watchFiles({
      folders: [process.cwd()],
      onError (error) { throw error },
      async onChange () {
        if (isClosed) throw new Error('reported after close()')
        isClosed = true
        writeFileSync('main.py', 'not reported')
        rmSync('package', { recursive: true })
        await watcher.close()
        process.stdout.write('closed')
      }
    })
    await watcher.ready
    writeFileSync('main.py', 'reported')
  `], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'], timeout: LIMIT })
  let text = ''
  child.stdout.on('data', (data) => { text += data })
  assert.deepEqual(await once(child, 'close'), [0, null])
  assert.equal(text, 'closed')
})

test('excluded files and folders are not watched, by name or by path', async (t) => {
  const folder = temporary(t, ['tests/a.py', 'deep/tests/b.py', 'x.gen.py', 'data/c.py',
    'deep/data/d.py', 'main.py'])
  const { write, seen } = await watched(t, folder,
    { exclude: ['tests', '*.gen.py', './data/', 'deep/data/**'] })
  for (const name of ['tests/a.py', 'deep/tests/b.py', 'x.gen.py', 'data/c.py',
    'deep/data/d.py']) {
    write(name)
  }
  write('main.py')
  const names = await seen('main.py')
  assert.deepEqual([...names], ['main.py'])
})

test('polling notices changes that the system does not report', async (t) => {
  const folder = temporary(t, ['main.py'])
  const { write, seen } = await watched(t, folder, { poll: 50 })
  // Node looks at a file for the first time a moment after the watcher is ready.
  let text = ''
  const timer = setInterval(() => {
    text += 'x'
    write('main.py', text)
  }, 200)
  await seen('main.py')
  clearInterval(timer)
})
