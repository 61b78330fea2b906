// How long a server takes from its spawn to the first 200, what importing node-asgi costs, and how
// long it takes from saving a file to the first response of the new code.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get as request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { installPackage, removePackage } from '../../../test/support/installed-package.js'

const MODULE = 'fastapi_app'
const APP = `${MODULE}:app`
/** Milliseconds. */
const POLL = 2
const PATIENCE = 30_000
/** Until a server that was told to stop is killed. */
const LAST_PATIENCE = 5_000
/** What watches needs to notice the next change, and what is left of a start to end. */
const CALM = 1500

/**
 * @typedef {object} Place
 * @property {string} bin folder of the Python programs
 * @property {string} docroot of the application
 * @property {string} published folder of a project with the published package
 */

/**
 * The published package, and a copy of the application that may be changed.
 * @param {string} bin
 * @param {string} apps
 * @returns {Promise<Place & { remove: () => void }>}
 */
export async function prepare (bin, apps) {
  const published = await installPackage()
  const docroot = mkdtempSync(join(tmpdir(), 'node-asgi-startup-'))
  cpSync(join(apps, `${MODULE}.py`), join(docroot, `${MODULE}.py`))
  const remove = () => {
    removePackage(published)
    rmSync(docroot, { recursive: true })
  }
  return { bin, docroot, published, remove }
}

/**
 * @param {Place} place
 * @param {number} port
 * @returns {Record<string, string[]>} the command of each server, by its name
 */
export function servers ({ bin, published }, port) {
  const at = ['--port', String(port)]
  const ours = (file, ...more) => [process.execPath, file, APP, ...at, '--python',
    join(bin, 'python'), ...more]
  const granian = (...more) =>
    [join(bin, 'granian'), '--interface', 'asgi', APP, ...at, ...more]
  const { bin: commands } =
    JSON.parse(readFileSync(join(published, 'node_modules/node-asgi/package.json'), 'utf8'))
  const packed = join(published, 'node_modules/node-asgi', commands['node-asgi'])
  // What a program of Node takes that does nothing but start Python.
  const launcher = new URL('launcher.js', import.meta.url).pathname
  const checkout = new URL('../../../addon/bin/node-asgi.js', import.meta.url).pathname
  return {
    'node-asgi': ours(packed, '--workers', '1'),
    'node-asgi, checkout': ours(checkout, '--workers', '1'),
    'node-asgi, 2 workers, preload': ours(packed, '--workers', '2', '--preload'),
    uvicorn: [join(bin, 'uvicorn'), APP, ...at],
    'uvicorn, started by Node': [process.execPath, launcher, join(bin, 'uvicorn'), APP, ...at],
    'uvicorn, 2 workers': [join(bin, 'uvicorn'), APP, ...at, '--workers', '2'],
    granian: granian(),
    'granian, 2 workers': granian('--workers', '2')
  }
}

// pip compiles the modules of the other servers when it installs them. Ours are compiled by the
// first start, unless this variable forbids it.
const { PYTHONDONTWRITEBYTECODE: _, ...env } = process.env

/** Milliseconds from the spawn to the first 200. */
export async function coldStart (command, docroot, port) {
  const started = performance.now()
  const server = start(command, docroot)
  try {
    await until(async () => (await get(port, '/hello')).status === 200)
    return performance.now() - started
  } finally {
    await stop(server)
  }
}

/**
 * Milliseconds from saving to the first response of the new code, for each of `count` changes, and
 * from starting Python to the end of the import alone.
 */
export async function reloads (command, { bin, docroot }, port, count) {
  const file = join(docroot, `${MODULE}.py`)
  const original = readFileSync(file, 'utf8')
  const server = start([...command, '--reload'], docroot)
  try {
    await until(async () => (await get(port, '/hello')).status === 200)
    const times = []
    for (let i = 1; i <= count; i++) {
      await sleep(CALM)
      const alone = timed([join(bin, 'python'), '-c', `import ${MODULE}`], docroot)
      const saved = performance.now()
      writeFileSync(file, `${original}\n\n@app.get('/version')\ndef version():\n    return ${i}\n`)
      await until(async () => (await get(port, '/version')).text === String(i))
      times.push({ reload: performance.now() - saved, alone })
    }
    return times
  } finally {
    await stop(server)
    writeFileSync(file, original)
  }
}

/** Milliseconds of a program of Node that imports the package, and of an empty one. */
export function importTimes ({ published }) {
  const [imports, empty] = ["import 'node-asgi'", ''].map((code, i) => {
    const file = join(published, `program${i}.mjs`)
    writeFileSync(file, code)
    return timed([process.execPath, file], published)
  })
  return { imports, empty }
}

function timed ([program, ...args], cwd) {
  const started = performance.now()
  const { status, stderr } = spawnSync(program, args, { cwd, env })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${stderr}`)
  return performance.now() - started
}

function start ([program, ...args], cwd) {
  return spawn(program, args, { cwd, env, stdio: 'ignore', detached: true })
}

async function stop (server) {
  if (server.exitCode !== null) throw new Error(`a server exited with code ${server.exitCode}`)
  const exit = once(server, 'exit')
  server.kill('SIGINT')
  // Granian with two workers sometimes waits for ever when it has just started.
  const timer = setTimeout(() => process.kill(-server.pid, 'SIGKILL'), LAST_PATIENCE)
  await exit
  clearTimeout(timer)
}

async function until (condition) {
  const end = performance.now() + PATIENCE
  while (!await condition()) {
    if (performance.now() > end) throw new Error('a server did not answer in time')
    await sleep(POLL)
  }
}

/** Without a connection, the status is 0. */
function get (port, path) {
  return new Promise((resolve) => {
    request({ port, path, host: '127.0.0.1', agent: false }, async (response) => {
      let text = ''
      for await (const chunk of response) text += chunk
      resolve({ status: response.statusCode, text })
    }).on('error', () => resolve({ status: 0, text: '' }))
  })
}
