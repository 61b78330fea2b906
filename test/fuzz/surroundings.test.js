import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'

import { CommanderError } from 'commander'
import fc from 'fast-check'

import { UsageError, defineCommand } from '../../addon/lib/cli/command.js'
import { FLAGS } from '../../addon/lib/cli/settings/table.js'
import { availableCores, cpuQuota } from '../../addon/lib/util/available-cores.js'
import { closest } from '../../addon/lib/util/closest.js'
import { parseArguments } from '../support/arguments.js'
import { outcome, property, textOf } from '../support/properties.js'

/** Parses without printing what is wrong. */
function parse (argv) {
  const { write } = process.stderr
  process.stderr.write = () => true
  try {
    return parseArguments(argv)
  } finally {
    process.stderr.write = write
  }
}

const SECONDS = Object.entries(FLAGS).filter(([name]) => /^timeouts|^recycle.age/.test(name))

/** Seconds of milliseconds, with all their digits. */
const inSeconds = (ms) => `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, '0')}`

property(
  'arguments: seconds become the milliseconds that they are',
  [
    fc.constantFrom(...SECONDS),
    fc.oneof(fc.integer({ min: 1, max: 9999 }), fc.integer({ min: 1, max: 2 ** 31 - 1 }))
  ],
  ([name, flag], ms) => {
    const [group, key] = name.split('.')
    assert.equal(parse([flag, inSeconds(ms)]).handler[group][key], ms)
  },
  500
)

const NUMBERS = [
  '--port',
  '--workers',
  '--concurrency',
  '--max-queue',
  '--spin',
  '--max-memory',
  '--ws-max-size',
  '--max-header-size',
  '--timeout-request',
  '--threads',
  '--retry',
  '--max-age'
]
const numeral = fc.oneof(
  textOf(['0', '9', '.', '-', '+', 'e', '1', '0x', ' ', '_', 'Infinity', 'NaN', '٣'], {
    maxLength: 5
  }),
  fc.integer({ min: 1, max: 500 }).map((count) => '9'.repeat(count))
)

property(
  'arguments: a number is a finite one, or is refused',
  [fc.constantFrom(...NUMBERS), numeral],
  (flag, text) => {
    const { value, error } = outcome(() => parse([`${flag}=${text}`]))
    if (error !== undefined) return assert.ok(error instanceof UsageError, error.stack)
    const { handler, listening, maxHeaderSize } = value
    const numbers = [
      listening.addresses[0].port,
      maxHeaderSize,
      ...Object.values(handler),
      ...Object.values(handler).flatMap((each) => Object.values(Object(each)))
    ]
    for (const number of numbers) {
      if (typeof number === 'number') assert.ok(Number.isSafeInteger(number), `${number}`)
    }
  },
  500
)

const OPTIONS = defineCommand('serve').options.map((option) => option.long)
const word = fc.oneof(
  fc.constantFrom(...OPTIONS),
  fc.constantFrom('a:b', 'auto', '1', 'on', '.', '--', '-V'),
  textOf([...OPTIONS, '=', '1', ',', 'a:b', ''], { maxLength: 4 })
)

property(
  'arguments: any words are parsed, or refused with a UsageError',
  [fc.array(word, { maxLength: 6 })],
  (argv) => {
    const { log } = console
    const { write } = process.stdout
    process.stdout.write = () => true // --help
    const { error } = outcome(() => parse(argv))
    process.stdout.write = write
    console.log = log
    if (error !== undefined) assert.ok(error instanceof UsageError, error.stack)
    assert.ok(!(error instanceof CommanderError))
  }
)

const name = fc.string({
  unit: fc.constantFrom('A', '_', '9', '_proto_', 'é', ' '),
  minLength: 1
})

property(
  'arguments: variables are read back',
  [
    fc.uniqueArray(fc.tuple(name, fc.string({ unit: 'binary' })), {
      selector: ([key]) => key,
      minLength: 1,
      maxLength: 4
    })
  ],
  (variables) => {
    const argv = variables.flatMap(([key, value]) => ['--env', `${key}=${value}`])
    assert.deepEqual(Object.entries(parse(argv).handler.env).sort(), [...variables].sort())
  }
)

const reader = (files) => (path) => {
  if (!Object.hasOwn(files, path)) throw Object.assign(new Error(path), { code: 'ENOENT' })
  return files[path]
}

// In a path, a space and a backslash are escaped in one file of the kernel and not in the other.
const segment = fc
  .string({
    unit: fc.constantFrom('a', 'b', '.', '-', ':', ',', ' ', '\\'),
    minLength: 1,
    maxLength: 5
  })
  .filter((text) => !/^\.+$/.test(text))
const group = fc.array(segment, { maxLength: 4 })
const limit = fc.oneof(fc.constant(null), fc.integer({ min: 1000, max: 10_000_000 }))
const escaped = (path) =>
  path.replace(/[ \\]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`)

for (const version of [1, 2]) {
  property(
    `cgroups: the lowest quota of a group and its parents counts (version ${version})`,
    [
      group,
      group,
      fc.array(limit, { minLength: 5, maxLength: 5 }),
      fc.integer({ min: 1000, max: 1_000_000 })
    ],
    (above, below, limits, period) => {
      const root = `/${above.join('/')}`
      const path = `/${[...above, ...below].join('/')}`
      const point = '/sys/fs/cgroup'
      const files = {
        '/proc/self/mountinfo':
          version === 2
            ? `29 23 0:26 ${escaped(root)} ${point} rw,nosuid shared:4 - cgroup2 cgroup2 rw\n`
            : `33 32 0:29 ${escaped(root)} ${point} rw - cgroup cgroup rw,cpu,cpuacct\n`,
        '/proc/self/cgroup':
          version === 2 ? `0::${path}\n` : `5:memory:/x\n4:cpu,cpuacct:${path}\n`
      }
      let lowest = Infinity
      for (let depth = 0; depth <= below.length; depth++) {
        const quota = limits[depth]
        const folder = [point, ...below.slice(0, depth)].join('/')
        if (version === 2) files[`${folder}/cpu.max`] = `${quota ?? 'max'} ${period}\n`
        else {
          files[`${folder}/cpu.cfs_quota_us`] = `${quota ?? -1}\n`
          files[`${folder}/cpu.cfs_period_us`] = `${period}\n`
        }
        if (quota !== null) lowest = Math.min(lowest, quota / period)
      }
      assert.equal(cpuQuota(reader(files)), lowest)
    }
  )
}

const content = textOf([
  '0::/',
  '4:cpu:',
  '/',
  '\n',
  ' ',
  'max',
  '0',
  '1',
  '-1',
  ' - ',
  'cgroup2',
  'cgroup',
  '/sys/fs/cgroup',
  'cpu',
  'x',
  '..',
  '29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n'
])

property(
  'cgroups: whatever the files say, there is at least one core',
  [content, content, content],
  (mountinfo, groups, quota) => {
    const files = (path) =>
      path === '/proc/self/mountinfo' ? mountinfo : path === '/proc/self/cgroup' ? groups : quota
    const cores = availableCores(files)
    assert.ok(
      Number.isInteger(cores) && cores >= 1 && cores <= availableParallelism(),
      `${cores}`
    )
  },
  2000
)

/** The definition of the Levenshtein distance. */
function distance (a, b, known = new Map()) {
  const key = `${a.length} ${b.length}`
  if (a === '' || b === '') return a.length + b.length
  if (!known.has(key)) {
    known.set(
      key,
      Math.min(
        distance(a.slice(1), b, known) + 1,
        distance(a, b.slice(1), known) + 1,
        distance(a.slice(1), b.slice(1), known) + Number(a[0] !== b[0])
      )
    )
  }
  return known.get(key)
}

const short = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'B'), maxLength: 9 })

property(
  'closest: none of the others is nearer, and it is near',
  [short, fc.array(short, { maxLength: 5 })],
  (given, known) => {
    const found = closest(given, known)
    const edits = (text) => distance(given.toLowerCase(), text.toLowerCase())
    const most = Math.max(2, Math.floor(given.length / 3))
    const near = known.filter((text) => edits(text) <= most && edits(text) < text.length)
    if (found === undefined) return assert.deepEqual(near, [])
    assert.ok(near.includes(found))
    assert.equal(edits(found), Math.min(...near.map(edits)))
    if (given !== '' && known.includes(given)) assert.equal(edits(found), 0)
  }
)
