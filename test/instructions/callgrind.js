/**
 * Runs programs under callgrind and parses its profiles.
 */

import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * callgrind shows a program the host's AVX2, for which the C library has other versions of memchr()
 * and memcpy(); one of them counts an instruction per byte (rep movsb). With these options, all
 * x86-64 hosts count alike.
 */
const SAME_LIBC = 'glibc.cpu.hwcaps=-AVX2,-ERMS'

/** Milliseconds. */
const LIMIT = 120_000

/** The lines of a profile that are parsed. */
const NAME = /^(c?)(ob|fn)=\((\d+)\)(?: (.*))?$/
const CALLS = /^calls=(\d+) /
const COST = /^(?:[+-]?\d+|\*) (\d+)$/
const TOTALS = /^totals: (\d+)$/

/** A recursive function has the depth of its recursion after its name: "f'2". */
const DEPTH = /'\d+$/

/**
 * Walks through the costs in a profile.
 *
 * A profile has blocks of lines "position cost", which belong to the object of the last "ob=" line
 * and the function of the last "fn=" line. The line after "calls=" has the cost of these calls with
 * all callees. The called function precedes it, in "cfn=" and, if its object differs, in "cob=". A
 * name is given where it is first used: "ob=(3) /usr/bin/node", later "ob=(3)".
 * @param {string} text a file that callgrind wrote, with line positions ("positions: line")
 * @param {(where: Place, cost: number) => void} onSelf
 * @param {(from: Place, to: Place, calls: number, cost: number) => void} onCalls
 * @typedef {{ object: string, name: string }} Place an object file and a function in it; it is
 *   reused after the call
 * @returns {number} the total of all instructions
 */
function walk (text, onSelf, onCalls) {
  const names = { ob: new Map(), fn: new Map() }
  const from = { object: '???', name: '???' }
  const to = { object: null, name: '???' }
  /** @type {number | null} calls whose cost is on the next line; 0: begun before this profile */
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
  // Callgrind writes the total, too, so a line that was parsed wrongly shows here.
  if (totals === null) throw new Error('the callgrind profile is incomplete: it has no totals')
  if (sum !== Number(totals[1])) {
    throw new Error(`the lines of the callgrind profile add up to ${sum}, not ${totals[1]}`)
  }
  return sum
}

/**
 * The instructions of each object file itself, and those of its calls into others.
 * @param {string} text a file that callgrind wrote
 * @returns {{ self: Map<string, number>, calls: Map<string, Map<string, number>> }} instructions by
 *   path of the object; those of calls by caller, then callee
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
 * How often each function was called, and its instructions with all callees.
 * @param {string} text a file that callgrind wrote
 * @param {(name: string) => string} [nameOf] maps the name of a function: code that was compiled at
 *   run time has only an address, "0x000000000d0abe80"
 * @returns {{ total: number, functions: Map<string, { calls: number, cost: number }> }} direct
 *   recursion counts once
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
 * The instructions of a library itself and of its calls into the C library, which copies for it.
 * Calls into the C++ library do not count: the cost of malloc() below them depends on the heap.
 * @param {ReturnType<typeof parseProfile>} profile
 * @param {string} library its file name
 */
export function costOf ({ self, calls }, library) {
  const [object] = [...self.keys()].filter((path) => path.endsWith(`/${library}`))
  if (object === undefined) throw new Error(`the profile contains nothing of ${library}`)
  let sum = self.get(object)
  for (const [callee, cost] of calls.get(object) ?? []) {
    if (/\/libc[.-][^/]*$/.test(callee)) sum += cost
  }
  return sum
}

/** All instructions of a program. */
export function totalOf ({ self }) {
  return [...self.values()].reduce((sum, cost) => sum + cost, 0)
}

/** Whether valgrind is on PATH. */
export async function hasValgrind () {
  return await run('valgrind', ['--version']).then(() => true, () => false)
}

/**
 * Runs a program and its child processes under callgrind.
 * @param {string[]} command
 * @param {string[]} [options] of valgrind
 * @returns {Promise<{ stdout: string, profiles: Map<string, string> }>} profiles by process id,
 *   with the number of the part if callgrind writes several: '123', '123.1', '123.2'
 */
export async function callgrind (command, options = []) {
  const folder = mkdtempSync(join(tmpdir(), 'node-asgi-callgrind-'))
  try {
    const { stdout } = await run('valgrind', ['--tool=callgrind', '--log-file=/dev/null',
      `--callgrind-out-file=${folder}/%p`, ...options, ...command],
    { timeout: LIMIT, env: environment() }).catch((error) => {
      throw error.killed ? new Error(`callgrind took longer than ${LIMIT / 1000} s`) : error
    })
    const profiles = readdirSync(folder)
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')])
    return { stdout, profiles: new Map(profiles) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The environment of this process, without what changes the instructions that run. */
function environment () {
  const { NODE_OPTIONS, NODE_ASGI_BUILD, ...rest } = process.env
  return { ...rest, GLIBC_TUNABLES: SAME_LIBC, PYTHONHASHSEED: '0' }
}
