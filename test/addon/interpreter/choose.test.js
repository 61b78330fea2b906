import assert from 'node:assert/strict'
import {
  chmodSync, chownSync, lchownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { after, test } from 'node:test'

import { chooseInterpreter } from '../../../addon/lib/interpreter/choose.js'
import { program } from '../../support/elf.js'
import { assertFacts } from '../../support/facts.js'

const root = realpathSync(mkdtempSync(join(tmpdir(), 'interpreter-')))
after(() => rmSync(root, { recursive: true }))

let last = 0

/** A directory of its own, that is also the home directory. */
function world () {
  const home = join(root, String(++last))
  mkdirSync(join(home, 'app/src'), { recursive: true })
  const at = (path) => resolve(home, path)
  return {
    at,
    home,
    /** An interpreter that tells its version, if it has one. */
    python (path, version = '') {
      write(at(path), `#!/bin/sh\necho ${version}\n`)
      chmodSync(at(path), 0o755)
      return at(path)
    },
    venv (path, config = 'version = 3.11.7\n') {
      write(at(join(path, 'pyvenv.cfg')), config)
      return this.python(join(path, 'bin/python3'))
    },
    conda (path, version) {
      write(at(join(path, `conda-meta/python-${version}-h1_0_cpython.json`)), '{}')
      return this.python(join(path, 'bin/python3'))
    },
    choose (python, env = {}, { docroot = 'app', cwd = 'app' } = {}) {
      return chooseInterpreter({ python, docroot: at(docroot) }, { HOME: home, PATH: '', ...env },
        (path) => resolve(at(cwd), path))
    }
  }
}

function write (path, text) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

/** Asserts what is chosen, and that the reason has these facts. */
function chosen (interpreter, path, ...facts) {
  assert.equal(interpreter.path, path)
  assertFacts(interpreter.reason, facts)
}

/** Asserts that nothing is chosen, and what the error says. */
function fails (choose, code, ...facts) {
  assert.throws(choose, (error) => {
    assert.equal(error.code, code, error.stack)
    assertFacts(error.message, facts)
    return true
  })
}

const NOT_FOUND = 'ERR_PYTHON_NOT_FOUND'
const UNUSABLE = 'ERR_PYTHON_UNUSABLE'

// ---- without the option

test('active environments come first, then .venv, then conda base, then PATH', () => {
  const w = world()
  const system = w.python('bin/python3')
  const env = { PATH: `/nowhere:${w.at('bin')}` }
  chosen(w.choose(undefined, env), system, 'python3 on PATH')
  const conda = w.conda('conda', '3.12.1')
  env.CONDA_PREFIX = w.at('conda')
  env.CONDA_DEFAULT_ENV = 'base'
  chosen(w.choose(undefined, env), conda, 'CONDA_PREFIX')
  const project = w.venv('app/.venv')
  chosen(w.choose(undefined, env), project, '.venv', w.at('app'))
  env.CONDA_DEFAULT_ENV = 'web'
  chosen(w.choose(undefined, env), conda, 'CONDA_PREFIX')
  const shell = w.venv('shell')
  env.VIRTUAL_ENV = w.at('shell')
  chosen(w.choose(undefined, env), shell, 'VIRTUAL_ENV')
  env.VIRTUAL_ENV = env.CONDA_PREFIX = ''
  chosen(w.choose(undefined, env), project, '.venv')
})

test('with a src layout, the .venv of the project was not found', () => {
  const w = world()
  const path = w.venv('app/.venv')
  w.python('bin/python3')
  const env = { PATH: w.at('bin') }
  chosen(w.choose(undefined, env, { docroot: 'app/src', cwd: '.' }), path, w.at('app'))
  chosen(w.choose(undefined, env, { docroot: 'app/src', cwd: 'app/src' }), path, w.at('app'))
})

test('.venv is looked for up to the home directory, then from the working directory', () => {
  const w = world()
  const system = w.python('bin/python3')
  const above = w.venv('.venv')
  const env = { PATH: w.at('bin') }
  chosen(w.choose(undefined, env, { docroot: 'app/src' }), above)
  chosen(w.choose(undefined, { ...env, HOME: w.at('app') }), system)
  const here = w.venv('work/.venv')
  const apart = { docroot: 'app', cwd: 'work/deeper' }
  chosen(w.choose(undefined, { ...env, HOME: w.at('app') }, apart), here)
})

test('an environment without bin/python3 but with bin/python is one', () => {
  const w = world()
  const path = w.python('app/.venv/bin/python')
  chosen(w.choose(undefined), path)
})

test('no Python at all names every place', () => {
  const w = world()
  for (const PATH of ['/nowhere', undefined]) {
    fails(() => w.choose(undefined, { PATH }), NOT_FOUND,
      'VIRTUAL_ENV', 'CONDA_PREFIX', '.venv', 'PATH', '3.10')
  }
})

// ---- no silent fallback

const BROKEN = {
  'a .venv whose Python was removed': [
    (w) => {
      mkdirSync(w.at('app/.venv/bin'), { recursive: true })
      symlinkSync('python3.9', w.at('app/.venv/bin/python3'))
      symlinkSync('/gone/python3.9', w.at('app/.venv/bin/python3.9'))
    }, '/gone/python3.9', 'python3 -m venv --clear', 'python'],
  'a .venv of uv whose Python was removed': [
    (w) => {
      w.venv('app/.venv', 'home = /gone\nuv = 0.5.1\nversion_info = 3.12.1\n')
      rmSync(w.at('app/.venv/bin/python3'))
      symlinkSync('/gone/python3.12', w.at('app/.venv/bin/python3'))
    }, '/gone/python3.12', 'uv venv --clear'],
  'a .venv that is a link to nowhere': [
    (w) => symlinkSync('/gone/venv', w.at('app/.venv')), '/gone/venv'],
  'a .venv that is a file': [(w) => write(w.at('app/.venv'), ''), 'not a directory'],
  'an empty .venv': [(w) => mkdirSync(w.at('app/.venv')), 'bin/python3'],
  'a .venv that Windows has made': [
    (w) => write(w.at('app/.venv/Scripts/python.exe'), ''), 'Windows'],
  'a .venv whose Python is not executable': [
    (w) => { w.venv('app/.venv'); chmodSync(w.at('app/.venv/bin/python3'), 0o644) }, 'permission'],
  'a .venv whose Python is a loop of links': [
    (w) => {
      mkdirSync(w.at('app/.venv/bin'), { recursive: true })
      symlinkSync('python3', w.at('app/.venv/bin/python3'))
    }, 'itself'],
  'a .venv that holds a program for another processor': [
    (w) => {
      const path = w.venv('app/.venv')
      writeFileSync(path, program({ machine: 243 }))
    }, 'riscv64', process.arch]
}

for (const [what, [build, ...facts]] of Object.entries(BROKEN)) {
  test(`${what} led to python3 on PATH`, () => {
    const w = world()
    w.python('bin/python3')
    build(w)
    fails(() => w.choose(undefined, { PATH: w.at('bin') }), UNUSABLE,
      w.at('app/.venv'), '.venv in', ...facts)
  })
}

test('a VIRTUAL_ENV or CONDA_PREFIX that was removed led to another interpreter', () => {
  const w = world()
  w.venv('app/.venv')
  for (const name of ['VIRTUAL_ENV', 'CONDA_PREFIX']) {
    fails(() => w.choose(undefined, { [name]: w.at('gone') }), UNUSABLE,
      name, w.at('gone'), 'does not exist', `unset ${name}`)
  }
})

test('a .venv that another user put above the docroot was trusted',
  { skip: process.getuid() !== 0 && 'needs root to change owners' }, () => {
    const w = world()
    w.venv('.venv')
    chownSync(w.at('.venv'), 4711, 4711)
    fails(() => w.choose(undefined), UNUSABLE, w.at('.venv'), '4711')
    chownSync(w.at('app'), 4711, 4711)
    assert.equal(w.choose(undefined).path, w.at('.venv/bin/python3'))
    rmSync(w.at('.venv'), { recursive: true })
    symlinkSync(w.at('else'), w.at('.venv'))
    lchownSync(w.at('.venv'), 4712, 4712)
    fails(() => w.choose(undefined), UNUSABLE, '4712')
  })

// ---- the option as a path or a name

test('the option may be an interpreter, or the directory of an environment', () => {
  const w = world()
  const path = w.venv('app/.venv')
  const env = { VIRTUAL_ENV: w.at('gone') }
  for (const python of [path, w.at('app/.venv'), '.venv', './.venv', './.venv/bin/python3',
    '../app/.venv/', '~/app/.venv', '~/app/.venv/bin/python3']) {
    chosen(w.choose(python, env), path, 'python')
  }
  const conda = w.conda('envs/web', '3.12.4')
  chosen(w.choose('~/envs/web'), conda)
})

test('the option may be the home directory, or a name on PATH', () => {
  const w = world()
  const inHome = w.python('bin/python3')
  chosen(w.choose('~'), inHome)
  const named = w.python('bin/python3.12')
  chosen(w.choose('python3.12', { PATH: w.at('bin') }), named)
})

test('an option that names nothing usable is an error, not a reason to look elsewhere', () => {
  const w = world()
  w.venv('app/.venv')
  for (const python of ['~/missing', './python3', 'python9', w.at('nowhere')]) {
    fails(() => w.choose(python), NOT_FOUND, python)
  }
  fails(() => w.choose(w.at('app')), NOT_FOUND, w.at('app'), 'bin/python3', w.at('app/.venv'))
  write(w.at('plain'), '')
  fails(() => w.choose('~/plain'), UNUSABLE, w.at('plain'), 'permission')
  symlinkSync('/gone/python3', w.at('link'))
  fails(() => w.choose('~/link'), UNUSABLE, '/gone/python3')
})

test('a python3 on PATH that is not executable is passed over, as a shell does', () => {
  const w = world()
  write(w.at('first/python3'), '')
  const path = w.python('second/python3')
  chosen(w.choose(undefined, { PATH: `${w.at('first')}:${w.at('second')}` }), path)
})

// ---- the option as a version

test('a version is taken from pyenv, then uv, then conda, and the newest of each', () => {
  const w = world()
  const conda = w.conda('miniforge3/envs/web', '3.12.9')
  chosen(w.choose('3.12'), conda, 'conda', '3.12')
  const uv = w.python('.local/share/uv/python/cpython-3.12.4-linux-x86_64-gnu/bin/python3')
  chosen(w.choose('3.12'), uv, 'uv')
  w.python('.pyenv/versions/3.12.1/bin/python3')
  const newest = w.python('.pyenv/versions/3.12.10/bin/python3')
  w.python('.pyenv/versions/3.13.1/bin/python3')
  chosen(w.choose('3.12'), newest, 'pyenv')
  chosen(w.choose('>=3.10,<3.13'), newest)
  chosen(w.choose('3.12.9'), conda)
})

test('the variables of pyenv, uv and conda say where to look', () => {
  const w = world()
  const pyenv = w.python('a/versions/3.10.1/bin/python3')
  chosen(w.choose('3.10', { PYENV_ROOT: w.at('a') }), pyenv)
  const uv = w.python('b/cpython-3.11.1-linux-x86_64-gnu/bin/python3')
  chosen(w.choose('3.11', { UV_PYTHON_INSTALL_DIR: w.at('b') }), uv)
  const other = w.python('x/uv/python/cpython-3.11.2-linux-x86_64-gnu/bin/python3')
  chosen(w.choose('3.11', { XDG_DATA_HOME: w.at('x') }), other)
  const mamba = w.conda('c/envs/d', '3.12.1')
  chosen(w.choose('3.12', { MAMBA_ROOT_PREFIX: w.at('c') }), mamba)
  write(w.at('.conda/environments.txt'), `${w.at('c/envs/d')}\n`)
  chosen(w.choose('3.12'), mamba)
})

test('builds that cannot run the workers are not taken for a version', () => {
  const w = world()
  w.python('.pyenv/versions/3.13.0t/bin/python3')
  w.python('.pyenv/versions/pypy3.10-7.3.15/bin/python3')
  w.python('.local/share/uv/python/cpython-3.13.0+freethreaded-linux-x86_64-gnu/bin/python3')
  mkdirSync(w.at('.pyenv/versions/3.13.1/bin'), { recursive: true })
  symlinkSync('/gone', w.at('.pyenv/versions/3.13.1/bin/python3'))
  fails(() => w.choose('3.13'), NOT_FOUND, '3.13', 'pyenv', 'uv', 'conda', 'PATH')
  const path = w.python('.local/share/uv/python/cpython-3.12.1-linux-x86_64-gnu/bin/python3')
  w.python('.pyenv/versions/3.9.18/bin/python3')
  chosen(w.choose('>=3.8'), path)
  fails(() => w.choose('3.9'), NOT_FOUND, '3.9', '3.10', '3.9.18')
})

test('an environment of another version is passed over, and the reason says so', () => {
  const w = world()
  const old = w.venv('app/.venv', 'version_info = 3.10.13.final.0\n')
  chosen(w.choose('3.10'), old, '.venv', '3.10')
  const path = w.python('.pyenv/versions/3.12.1/bin/python3')
  chosen(w.choose('>=3.11'), path, 'pyenv', old, '3.10.13')
  fails(() => w.choose('>=3.14'), NOT_FOUND, '>=3.14', '3.10.13', '3.12.1')
})

test('the shims of pyenv on PATH are not run to learn their version', () => {
  const w = world()
  w.python('shims/python3', '3.12.1')
  fails(() => w.choose('3.12', { PATH: w.at('shims') }), NOT_FOUND)
})

test('the interpreters on PATH tell their versions', () => {
  const w = world()
  const directory = dirname(realpathSync('/usr/bin/python3'))
  const name = basename(realpathSync('/usr/bin/python3'))
  const version = name.replace('python', '')
  const { path, reason } = w.choose(version, { PATH: directory })
  assert.equal(realpathSync(path), join(directory, name))
  assertFacts(reason, ['PATH', directory, version])
})

// ---- what it says of itself

test('the version is that of the environment until Python has started', () => {
  const w = world()
  const path = w.venv('app/.venv')
  const interpreter = w.choose(undefined)
  assert.deepEqual(interpreter.summary(),
    { path, version: '3.11.7', reason: `.venv in ${w.at('app')}` })
  assert.equal(`${interpreter}`, `${path} (Python 3.11.7, from .venv in ${w.at('app')})`)
  interpreter.started({ executable: '/real/python3', python: '3.11.8' })
  assert.equal(`${interpreter}`, `/real/python3 (Python 3.11.8, from .venv in ${w.at('app')})`)
  assert.equal(interpreter.path, path)
  const real = `${interpreter}`
  interpreter.started({ executable: '/real\n[node-asgi] forged', python: '3\u001b[31m' })
  interpreter.started({ executable: '', python: '' })
  assert.equal(`${interpreter}`, real)
  const plain = w.python('bin/python3')
  assert.equal(`${w.choose(plain)}`, `${plain} (from the option python)`)
})
