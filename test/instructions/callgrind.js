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
const NAME = /^(c?)(ob|fn)=\((\d+)\)(?: (.*))?$/
const CALLS = /^calls=(\d+) /
const COST = /^(?:[+-]?\d+|\*) (\d+)$/
const TOTALS = /^totals: (\d+)$/

/** A function that is called by itself, or below itself, has the depth behind its name: "f'2". */
const DEPTH = /'\d+$/

/**
 * Goes through the costs of a profile.
 *
 * It has blocks of lines "position cost", which belong to the object of the last line "ob=" and the
 * function of the last line "fn=". The line behind "calls=" tells what calls cost with all below them;
 * what was called stands before, in "cfn=" and, unless it is of the same object, "cob=". A name stands
 * where it is first used: "ob=(3) /usr/bin/node", then "ob=(3)".
 * @param {string} text of a file that callgrind wrote, one line of the source code each ("positions: line")
 * @param {(where: Place, cost: number) => void} onSelf
 * @param {(from: Place, to: Place, calls: number, cost: number) => void} onCalls
 * @typedef {{ object: string, name: string }} Place an object file and a function in it; it changes
 *   after the call
 * @returns {number} all instructions
 */
function walk (text, onSelf, onCalls) {
  const names = { ob: new Map(), fn: new Map() }
  const from = { object: '???', name: '???' }
  const to = { object: null, name: '???' }
  /** @type {number | null} of which the next line has the cost; 0: begun before this profile */
  let calls = null
  let sum = 0
  let totals = null
  for (const line of text.split('\n')) {
    const cost = COST.exec(line)
    if (cost !== null) {
      if (calls !== null) {
        onCalls(from, { object: to.object ?? from.object, name: to.name }, calls, Number(cost[1]))
      } else {
        onSelf(from, Number(cost[1]))
        sum += Number(cost[1])
      }
      calls = null
      to.object = null
      continue
    }
    const [, called, kind, id, name] = NAME.exec(line) ?? []
    if (kind !== undefined) {
      if (name !== undefined) names[kind].set(id, name)
      const place = called === 'c' ? to : from
      place[kind === 'ob' ? 'object' : 'name'] = names[kind].get(id)
    } else {
      const [, count] = CALLS.exec(line) ?? []
      if (count !== undefined) calls = Number(count)
      totals ??= TOTALS.exec(line)
    }
  }
  // Callgrind has added it up, too: a line that was misread shows here.
  if (totals === null) throw new Error('this is no whole profile of callgrind')
  if (sum !== Number(totals[1])) throw new Error(`the lines of a profile make ${sum}, not ${totals[1]}`)
  return sum
}

/**
 * What each object file executed itself, and what went on below its calls into other ones.
 * @param {string} text of a file that callgrind wrote
 * @returns {{ self: Map<string, number>, calls: Map<string, Map<string, number>> }} instructions by
 *   path of the object; those of calls by caller and callee
 */
export function parseProfile (text) {
  const self = new Map()
  const calls = new Map()
  walk(text, ({ object }, cost) => add(self, object, cost), (from, to, _, cost) => {
    if (!calls.has(from.object)) calls.set(from.object, new Map())
    add(calls.get(from.object), to.object, cost)
  })
  return { self, calls }
}

/**
 * How often each function was called, and what it executed with all below it.
 * @param {string} text of a file that callgrind wrote
 * @param {(name: string) => string} [nameOf] what a function is to be called here: code that was
 *   compiled at run time has only an address, "0x000000000d0abe80"
 * @returns {{ total: number, functions: Map<string, { calls: number, cost: number }> }} what called
 *   itself directly counts once
 */
export function parseFunctions (text, nameOf = (name) => name) {
  const functions = new Map()
  const plain = (name) => nameOf(name.replace(DEPTH, ''))
  const total = walk(text, () => {}, (from, to, calls, cost) => {
    const name = plain(to.name)
    if (name === plain(from.name)) return
    const sums = functions.get(name) ?? { calls: 0, cost: 0 }
    sums.calls += calls
    sums.cost += cost
    functions.set(name, sums)
  })
  return { total, functions }
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
