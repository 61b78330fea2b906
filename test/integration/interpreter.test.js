/**
 * Which interpreter runs the application, with real environments: what is chosen, what the errors
 * say, and what installs a package that is missing.
 */

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync,
  symlinkSync, writeFileSync
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after } from 'node:test'

import { PythonHandler } from '../../addon/lib/index.js'
import { assertFacts } from '../support/facts.js'
import { VENV_PYTHON, leakTest } from '../support/harness.js'
import { NOBODY, isRoot } from '../support/unprivileged.js'

const root = realpathSync(mkdtempSync(join(tmpdir(), 'node-asgi-interpreter-')))
after(() => rmSync(root, { recursive: true }))

const silent = { debug () {}, info () {}, warn () {}, error () {} }

const BASE = process.env.NODE_ASGI_TEST_PYTHON ?? VENV_PYTHON

/** An application that says what runs it. */
const APP = `
import json, sys
async def app(scope, receive, send):
    assert scope["type"] == "http"
    body = json.dumps([sys.executable, sys.prefix, sys.version.split()[0]]).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
`

let last = 0

/** A directory of its own with the application. */
function project (source = APP, folder = '.') {
  const directory = join(root, `project-${++last}`)
  mkdirSync(join(directory, folder), { recursive: true })
  writeFileSync(join(directory, folder, 'main.py'), source)
  return directory
}

/** A virtual environment, made in milliseconds. */
function venv (directory, python = BASE, ...args) {
  execFileSync(python, ['-m', 'venv', '--without-pip', ...args, directory])
  return directory
}

/** Runs the application, with these variables and no others that name an environment. */
async function withApp (options, env, run) {
  const before = { ...process.env }
  for (const name of ['VIRTUAL_ENV', 'CONDA_PREFIX', 'CONDA_DEFAULT_ENV']) delete process.env[name]
  Object.assign(process.env, env)
  let python
  try {
    python = new PythonHandler({ workers: 1, logger: silent, ...options })
    await python.ready
    const { body } = await python.handleRequest({ url: '/' })
    const [executable, prefix, version] = JSON.parse(body)
    await run({ executable, prefix, version, stats: python.stats().python })
  } finally {
    process.env = before
    await python?.close()
  }
}

/** Asserts that the application does not start, and what the error says. */
async function failsToStart (options, env, code, ...facts) {
  await assert.rejects(withApp(options, env, () => {}), (error) => {
    assert.equal(error.code, code, error.stack)
    assertFacts(error.message, facts)
    return true
  })
}

leakTest('with a src layout, another interpreter than that of the project ran', async () => {
  const directory = project(APP, 'src')
  const path = venv(join(directory, '.venv'))
  await withApp({ docroot: join(directory, 'src') }, {}, ({ prefix, stats, version }) => {
    assert.equal(prefix, path)
    assert.deepEqual(stats,
      { path: join(path, 'bin/python3'), version, reason: `.venv in ${directory}` })
  })
})

leakTest('the option may be the directory of an environment', async () => {
  const directory = project()
  const path = venv(join(directory, 'env'))
  await withApp({ docroot: directory, python: path }, {}, ({ prefix, stats }) => {
    assert.equal(prefix, path)
    assert.equal(stats.reason, 'the option python')
  })
})

leakTest('CONDA_PREFIX names an environment', async () => {
  const directory = project('import absent_package')
  // As conda lays it out: no pyvenv.cfg, but records of its packages.
  const path = venv(join(directory, 'conda'))
  mkdirSync(join(path, 'conda-meta'))
  await failsToStart({ docroot: directory }, { CONDA_PREFIX: path }, 'ERR_APP_IMPORT',
    'from CONDA_PREFIX', path,
    `conda install --prefix ${path} --channel conda-forge absent_package`)
})

leakTest('a stale VIRTUAL_ENV, or a .venv whose Python was removed, was passed over', async () => {
  const directory = project()
  const path = venv(join(directory, '.venv'))
  await failsToStart({ docroot: directory }, { VIRTUAL_ENV: join(directory, 'gone') },
    'ERR_PYTHON_UNUSABLE', 'VIRTUAL_ENV', join(directory, 'gone'))
  const name = join(path, 'bin/python3')
  rmSync(name)
  symlinkSync('/removed/python3.9', name)
  await failsToStart({ docroot: directory }, {}, 'ERR_PYTHON_UNUSABLE',
    name, '/removed/python3.9', `python3 -m venv --clear ${path}`)
})

leakTest('a .venv that this user must not read was passed over', async () => {
  const directory = project()
  const path = join(directory, '.venv')
  mkdirSync(join(path, 'bin'), { recursive: true })
  symlinkSync('/usr/bin/python3', join(path, 'bin/python3'))
  if (isRoot) chownSync(path, NOBODY + 1, NOBODY + 1)
  chmodSync(path, 0o700)
  chmodSync(root, 0o755)
  if (!isRoot) chmodSync(path, 0)
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', `
    import { chooseInterpreter } from
      '${new URL('../../addon/lib/interpreter/choose.js', import.meta.url)}'
    try {
      chooseInterpreter({ docroot: '${directory}' }, { PATH: '/usr/bin', HOME: '/' })
    } catch (error) {
      console.log(error.code, error.message)
    }
  `], { cwd: '/', encoding: 'utf8', ...(isRoot && { uid: NOBODY, gid: NOBODY }) })
  chmodSync(path, 0o700)
  assert.equal(stderr, '')
  assertFacts(stdout, ['ERR_PYTHON_UNUSABLE', path, 'permission'])
})

// ---- interpreters that cannot run the workers

leakTest('a free-threaded build crashed or failed without a reason', async (t) => {
  // Unless there is one, an interpreter that says it is one: main.py looks at nothing else.
  const real = pyenv().find((path) => /t$/.test(dirname(dirname(path))))
  const directory = project()
  const path = real ?? join(venv(join(directory, '.venv')), 'bin/python3')
  if (real === undefined) {
    t.diagnostic('there is no free-threaded build here')
    const site = readdirSync(join(directory, '.venv/lib'))[0]
    writeFileSync(join(directory, '.venv/lib', site, 'site-packages/free_threaded.pth'),
      "import sys; sys.abiflags = 't'\n")
  }
  await failsToStart({ docroot: directory, python: path }, {}, 'ERR_PYTHON_UNUSABLE',
    path, 'free-threaded', 'from the option python', 'set python')
})

for (const [name, path, ...facts] of [
  ['Python 3.9', pyenv().find((path) => path.includes('/3.9.')), '3.9', '3.10'],
  ['Python 2.7', pyenv().find((path) => path.includes('/2.7.')), '2.7', '3.10'],
  ['PyPy', ['/usr/bin/pypy3', '/usr/local/bin/pypy3'].find(existsSync)]
]) {
  leakTest(`${name} is refused with the reason`, async (t) => {
    if (path === undefined) return t.skip(`there is no ${name} here`)
    await failsToStart({ docroot: project(), python: path }, {}, 'ERR_PYTHON_UNUSABLE',
      path, 'from the option python', 'set python', ...facts)
  })
}

leakTest('an environment with too old a Python was not told from one that crashes', async (t) => {
  const old = pyenv().find((path) => path.includes('/3.9.'))
  if (old === undefined) return t.skip('there is no Python 3.9 here')
  const directory = project()
  venv(join(directory, '.venv'), old)
  await failsToStart({ docroot: directory }, {}, 'ERR_PYTHON_UNUSABLE',
    'Python 3.9', `.venv in ${directory}`, '3.10')
})

// ---- versions

leakTest('a version is searched in pyenv, past an environment of another one', async (t) => {
  const path = pyenv().find((path) => path.includes('/3.12.'))
  if (path === undefined) return t.skip('pyenv has no Python 3.12 here')
  const directory = project()
  const other = venv(join(directory, '.venv'), path)
  writeFileSync(join(other, 'pyvenv.cfg'), 'home = /x\nversion = 3.8.1\n')
  await withApp({ docroot: directory, python: '3.12' }, { PATH: '/nowhere' },
    ({ executable, version, stats }) => {
      assert.equal(dirname(executable), dirname(path))
      assert.match(version, /^3\.12\./)
      assertFacts(stats.reason, ['pyenv', '3.12', 'the option python', other, '3.8.1'])
    })
})

// ---- what installs a package

const IMPORT = 'import absent_package'

leakTest('a package was missing, and nobody said how to install it', async () => {
  const directory = project(IMPORT)
  const path = venv(join(directory, '.venv'))
  const python = join(path, 'bin/python3')
  // As if with pip, which takes long to install.
  const [library] = readdirSync(join(path, 'lib'))
  mkdirSync(join(path, 'lib', library, 'site-packages/pip'))
  await failsToStart({ docroot: directory }, {}, 'ERR_APP_IMPORT',
    `under ${python}`, `.venv in ${directory}`, "No module named 'absent_package'",
    `${python} -m pip install absent_package`)
})

leakTest('a package was missing in an environment of uv, which has no pip', async () => {
  const uv = join(dirname(VENV_PYTHON), 'uv')
  const directory = project(IMPORT)
  const env = { UV_OFFLINE: '1', UV_NO_CONFIG: '1', UV_CACHE_DIR: join(root, 'uv') }
  const path = join(directory, '.venv')
  execFileSync(uv, ['venv', '--quiet', '--no-project', '--python', realpathSync(BASE), path],
    { env: { ...process.env, ...env } })
  await failsToStart({ docroot: directory }, {}, 'ERR_APP_IMPORT',
    `uv pip install --python ${path}/bin/python3 absent_package`)
  // The command is right: it gets as far as looking for the package.
  const { stderr } = spawnSync(uv, ['pip', 'install', '--python', `${path}/bin/python3`,
    'absent_package'], { encoding: 'utf8', env: { ...process.env, ...env } })
  assert.match(stderr, /absent[-_]package/)
  writeFileSync(join(directory, 'uv.lock'), '')
  await failsToStart({ docroot: directory }, {}, 'ERR_APP_IMPORT',
    `cd ${directory} && uv add absent_package`)
  rmSync(join(path, 'bin/python3'))
  symlinkSync('/removed/python3.9', join(path, 'bin/python3'))
  await failsToStart({ docroot: directory }, {}, 'ERR_PYTHON_UNUSABLE', `uv venv --clear ${path}`)
})

leakTest('a wrong target was offered for installation', async () => {
  const directory = project()
  venv(join(directory, '.venv'))
  await assert.rejects(withApp({ docroot: directory, appTarget: 'mian:app' }, {}, () => {}),
    (error) => {
      assertFacts(error.message, ['mian', 'main', '.venv', 'appTarget'])
      return !/pip|install/.test(error.message)
    })
})

leakTest('errors of lifespan startup and of preloading name the interpreter', async () => {
  const raises = `
async def app(scope, receive, send):
    await receive()
    import absent_package
`
  const directory = project(raises)
  const path = venv(join(directory, '.venv'))
  const facts = [`under ${path}/bin/python3`, `.venv in ${directory}`, 'absent_package']
  await failsToStart({ docroot: directory, lifespan: 'on' }, {}, 'ERR_LIFESPAN', ...facts,
    '-m pip install absent_package')
  await failsToStart({ docroot: directory, preload: ['absent_package'] }, {}, 'ERR_PRELOAD',
    ...facts, 'pip install absent_package')
})

/** The interpreters of pyenv. */
function pyenv () {
  const folder = join(process.env.PYENV_ROOT ?? join(homedir(), '.pyenv'), 'versions')
  const names = existsSync(folder) ? readdirSync(folder) : []
  return names.map((name) => join(folder, name, 'bin/python')).filter(existsSync)
}
