/**
 * Runs programs under callgrind and reads what it writes.
 */

import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * callgrind shows a program the host's AVX2, and the C library has another memchr() and memcpy() for
 * it, one of which counts an instruction a byte (rep movsb). With these all x86-64 hosts count alike.
 */
const SAME_LIBC = 'glibc.cpu.hwcaps=-AVX2,-ERMS'

/** Milliseconds. */
const LIMIT = 120_000

/** Those lines of a profile that are read here. */
const NAME = /^(c?)ob=\((\d+)\)(?: (.*))?$/
const COST = /^(?:[+-]?\d+|\*) (\d+)$/
const TOTALS = /^totals: (\d+)$/

/**
 * What each object file executed itself, and what went on below its calls into other ones.
 *
 * A profile has blocks of lines "position cost", which belong to the object of the last line "ob=".
 * The line behind "calls=" tells what a call cost with all below it; the object that was called stands
 * before, in "cob=", unless it is the same. An object has its name only where it stands first:
 * "ob=(3) /usr/bin/node", then "ob=(3)".
 * @param {string} text of a file that callgrind wrote, one line of the source code each ("positions: line")
 * @returns {{ self: Map<string, number>, calls: Map<string, Map<string, number>> }} instructions by
 *   path of the object; those of calls by caller and callee
 */
export function parseProfile (text) {
  const names = new Map()
  const self = new Map()
  const calls = new Map()
  let object = '???'
  let callee = null
  let isCall = false
  let sum = 0
  let totals = null
  for (const line of text.split('\n')) {
    const cost = COST.exec(line)
    if (cost !== null) {
      if (isCall) {
        if (!calls.has(object)) calls.set(object, new Map())
        add(calls.get(object), callee ?? object, Number(cost[1]))
      } else {
        add(self, object, Number(cost[1]))
        sum += Number(cost[1])
      }
      isCall = false
      callee = null
    } else if (line.startsWith('calls=')) {
      isCall = true
    } else {
      const [, called, id, name] = NAME.exec(line) ?? []
      if (name !== undefined) names.set(id, name)
      if (called === 'c') callee = names.get(id)
      else if (called === '') object = names.get(id)
      totals ??= TOTALS.exec(line)
    }
  }
  // Callgrind has added it up, too: a line that was misread shows here.
  if (totals === null) throw new Error('this is no whole profile of callgrind')
  if (sum !== Number(totals[1])) throw new Error(`the lines of a profile make ${sum}, not ${totals[1]}`)
  return { self, calls }
}

function add (sums, key, value) {
  sums.set(key, (sums.get(key) ?? 0) + value)
}

/**
 * What a library executed itself and in its calls into the C library, where its copies are made. Calls
 * into the C++ library do not count: what malloc() does below them depends on the heap.
 * @param {ReturnType<typeof parseProfile>} profile
 * @param {string} library its file's name
 */
export function costOf ({ self, calls }, library) {
  const [object] = [...self.keys()].filter((path) => path.endsWith(`/${library}`))
  if (object === undefined) throw new Error(`nothing of ${library} was run`)
  let sum = self.get(object)
  for (const [callee, cost] of calls.get(object) ?? []) {
    if (/\/libc[.-][^/]*$/.test(callee)) sum += cost
  }
  return sum
}

/** All that a program executed. */
export function totalOf ({ self }) {
  return [...self.values()].reduce((sum, cost) => sum + cost, 0)
}

/** Whether there is a valgrind on PATH. */
export async function hasValgrind () {
  return await run('valgrind', ['--version']).then(() => true, () => false)
}

/**
 * Runs a program, and all that it starts, under callgrind.
 * @param {string[]} command
 * @param {string[]} [options] of valgrind
 * @returns {Promise<{ stdout: string, profiles: Map<string, string> }>} profiles by the id of their
 *   process, with a number behind it if callgrind was told to write several: '123', '123.1', '123.2'
 */
export async function callgrind (command, options = []) {
  const folder = mkdtempSync(join(tmpdir(), 'node-asgi-callgrind-'))
  try {
    const { stdout } = await run('valgrind', ['--tool=callgrind', '--log-file=/dev/null',
      `--callgrind-out-file=${folder}/%p`, ...options, ...command],
    { timeout: LIMIT, env: environment() })
    const profiles = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')])
    return { stdout, profiles: new Map(profiles) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** That of this process without what changes what is run. */
function environment () {
  const { NODE_OPTIONS, NODE_ASGI_BUILD, ...rest } = process.env
  return { ...rest, GLIBC_TUNABLES: SAME_LIBC, PYTHONHASHSEED: '0' }
}
