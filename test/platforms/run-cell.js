/**
 * Runs one cell as a newcomer would: in an empty folder, without a compiler, `npm install`, a
 * virtual environment with FastAPI, a first program, and one that tries more.
 */

import { spawn } from 'node:child_process'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { homedir, loadavg, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { prepare, Unavailable } from './systems.js'

const NEWCOMER = fileURLToPath(new URL('newcomer/', import.meta.url))

/** What the second program prints, in this order. */
const TRIED = ['websocket', 'crash', 'reload']

/** The package that npm has to choose for a build of Node.js. */
const PACKAGES = { x64: 'linux-x64-gnu', arm64: 'linux-arm64-gnu', 'x64-musl': 'linux-x64-musl' }

const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt'

/** Limits of a step in milliseconds. They only end what would never end. */
const LIMIT = 300_000
const SLOW = 4

/**
 * What became of a cell. `outcome` is
 * - ran: everything worked
 * - refused: node-asgi refused to run there, as it should
 * - skipped: this machine cannot run the cell
 * - failed: anything else
 * @typedef {object} Result
 * @property {string} name
 * @property {'ran' | 'refused' | 'skipped' | 'failed'} outcome
 * @property {string} date
 * @property {string} [message] what was printed, or why it failed or was skipped
 * @property {Record<string, string>} [versions] system, runtime, python
 * @property {string[]} [packages] the installed packages for platforms
 * @property {Record<'npm' | 'pip' | 'first', number>} [seconds] duration of the steps: npm's, the
 *   virtual environment with FastAPI, and from the start of the program to its first response
 * @property {number} [load] how many processes wanted a core at the end, over a minute
 * @property {boolean} [slow] the processor was emulated
 */

/**
 * Runs a command to its end.
 * @param {string[]} command
 * @param {object} options
 * @param {string} options.cwd
 * @param {number} options.limit milliseconds
 * @returns {Promise<{ code: number | null, output: string, answered?: number }>} `answered` is when
 *   the first line of stdout came
 */
async function execute ([file, ...args], { cwd, limit }) {
  const child = spawn(file, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  let output = ''
  /** @type {number | undefined} */
  let answered
  child.stdout.on('data', (data) => { answered ??= performance.now(); output += data })
  child.stderr.on('data', (data) => { output += data })
  const kill = () => process.kill(-child.pid, 'SIGKILL')
  const killer = setTimeout(() => {
    output += `\n(It had not ended after ${limit / 1000} s.)`
    kill()
  }, limit)
  process.once('exit', kill)
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  process.off('exit', kill)
  clearTimeout(killer)
  return { code, output, answered }
}

/** A step went wrong. The message has the command and what it printed. */
class Failure extends Error {}

/**
 * Runs a cell.
 * @param {import('./cells.js').Cell} cell
 * @param {{ main: string, registry: string }} packages the tarball of the main package, and the
 *   registry of those for platforms
 * @returns {Promise<Result>}
 */
export async function runCell (cell, packages) {
  /** @type {Result} */
  const result = {
    name: cell.name,
    outcome: 'failed',
    date: new Date().toISOString().slice(0, 10),
    slow: cell.slow
  }
  try {
    await fill(cell, packages, result)
  } catch (error) {
    if (error instanceof Unavailable) result.outcome = 'skipped'
    result.message = error instanceof Failure || error instanceof Unavailable
      ? error.message
      : String(/** @type {Error} */ (error).stack)
  }
  return result
}

async function fill (cell, packages, result) {
  const system = await prepare(cell)
  // Outside of the checkout, where neither npm nor Node.js nor Python finds anything of it.
  const cwd = await mkdtemp(join(tmpdir(), 'node-asgi-'))
  try {
    await newcomer(cell, packages, result, system, cwd)
  } finally {
    await rm(cwd, { recursive: true, force: true })
  }
}

async function newcomer (cell, { main, registry }, result, system, cwd) {
  const env = {
    PATH: system.path,
    HOME: cell.root === undefined ? homedir() : '/root',
    LANG: 'C.UTF-8',
    NO_COLOR: '1',
    // This machine's certificates, which enter.sh brings into each root, for npm and pip.
    NODE_EXTRA_CA_CERTS: CERTIFICATES,
    PIP_CERT: CERTIFICATES
  }
  const limit = LIMIT * (cell.slow ? SLOW : 1)
  const variables = Object.entries(env).map((pair) => pair.join('='))
  const step = (...command) =>
    execute([...system.prefix, 'env', '-i', ...variables, ...command], { cwd, limit })
  const must = async (...command) => {
    const done = await step(...command)
    if (done.code === 0) return done.output.trim()
    throw new Failure(`\`${command.join(' ')}\` ended with ${done.code}:\n${done.output}`)
  }

  result.versions = {
    system: await must('/bin/sh', '-c', '. /etc/os-release && echo "$PRETTY_NAME"'),
    runtime: (await must(cell.runtime.kind, '--version')).split(/[\n(]/)[0].trim(),
    python: await must(system.python, '-c', 'import platform; print(platform.python_version())')
  }
  if (cell.pretend !== undefined) result.versions.system += ` that pretends to be ${cell.pretend}`
  await must('/bin/sh', '-c', 'for name in cc c++ gcc g++ clang clang++ make cmake ninja; do ' +
    'if command -v $name; then exit 1; fi; done')

  await cp(main, join(cwd, basename(main)))
  const started = performance.now()
  await must('npm', 'install', `--@node-asgi:registry=${registry}`, `./${basename(main)}`)
  const installed = performance.now()
  await must(system.python, '-m', 'venv', '.venv')
  // A refusal comes before anything is imported. FastAPI may lack a wheel for what is refused.
  if (cell.refusal === undefined) {
    await must('.venv/bin/python', '-m', 'pip', 'install', 'fastapi')
  }
  const ready = performance.now()
  await cp(NEWCOMER, cwd, { recursive: true })
  const program = [cell.runtime.kind, ...argumentsOf(cell)]
  const first = await step(...program, 'server.mjs')
  if (cell.refusal !== undefined) {
    const message = first.output.split('\n').find((line) => cell.refusal.test(line))
    if (first.code === null || message === undefined) {
      throw new Failure(`server.mjs should have refused with ${cell.refusal}, but ended with ` +
        `${first.code}:\n${first.output}`)
    }
    // Without what the log puts before it, and without the name of the folder.
    result.message = message.replace(/^\[node-asgi\] (GET \/: )?/, '').replaceAll(cwd, '.')
    result.outcome = 'refused'
    return
  }
  if (first.code !== 0 || !first.output.includes('200 {"hello":"world"}')) {
    throw new Failure(`server.mjs ended with ${first.code}:\n${first.output}`)
  }
  const seconds = (from, to) => Number(((to - from) / 1000).toFixed(1))
  result.seconds = {
    npm: seconds(started, installed),
    pip: seconds(installed, ready),
    first: seconds(ready, first.answered)
  }
  result.packages = await readdir(join(cwd, 'node_modules/@node-asgi'))
  const expected = PACKAGES[cell.runtime.build]
  if (result.packages.join() !== expected) {
    throw new Failure(`npm installed ${result.packages.join(', ')} instead of ${expected}`)
  }

  result.load = Math.round(loadavg()[0])

  const more = await must(...program, 'trial.mjs')
  const missing = TRIED.filter((name) => !more.split('\n').includes(name))
  if (missing.length > 0) throw new Failure(`trial.mjs failed at ${missing.join(', ')}:\n${more}`)
  result.outcome = 'ran'
}

/** What comes before the program. */
function argumentsOf ({ runtime, pretend }) {
  // Deno asks for permissions, and finds npm's packages only if told so.
  if (runtime.kind === 'deno') return ['run', '--allow-all', '--node-modules-dir=manual']
  if (pretend === undefined) return []
  const code = `Object.defineProperty(process, 'platform', { value: '${pretend}' })`
  return ['--import', `data:text/javascript,${encodeURIComponent(code)}`]
}
