// The Python servers to compare with, in bench/.venv.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { progress } from '../report/report.js'

const folder = fileURLToPath(new URL('../../.venv', import.meta.url))
const requirements = fileURLToPath(new URL('../../requirements.txt', import.meta.url))
const stamp = join(folder, 'requirements.txt')

/** Installs them when bench/requirements.txt has changed. Returns the folder of their programs. */
export async function competitors () {
  const wanted = readFileSync(requirements, 'utf8')
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    progress('installing the Python servers to compare with into bench/.venv')
    const pip = join(folder, 'bin', 'pip')
    if (!existsSync(pip)) await run('python3', ['-m', 'venv', folder])
    await run(pip, ['install', '--quiet', '--upgrade', '-r', requirements])
    writeFileSync(stamp, wanted)
  }
  return join(folder, 'bin')
}

/** Versions of packages in bench/.venv, by name. */
export async function versions (names) {
  const code = 'import sys, json, importlib.metadata as m\n' +
    'print(json.dumps({name: m.version(name) for name in sys.argv[1:]}))'
  const child = spawn(join(folder, 'bin', 'python'), ['-c', code, ...names],
    { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  for await (const chunk of child.stdout) text += chunk
  return JSON.parse(text)
}

async function run (command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed (exit code ${code})`)
}
