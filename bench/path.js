// Where does the time of one request go?
//
//   node bench/path.js [--rounds 5] [--seconds 2] [--in-flight 64] [--warm-up 100000]
//                      [--requests 10000] [--quick]
//
// 1. handleRequest of a hello-world application (fixtures/apps/main.py) with one worker, with `spin: 0`
//    and its default: requests/s and the CPU microseconds of a request in Node and in the worker, in
//    user mode and in the kernel; and how long one takes when it is alone.
// 2. The same under callgrind: which part of a side's instructions is each stage's. What is done before
//    --warm-up requests have been answered (imports, V8's compiler) does not count.
// 3. So the microseconds of a stage: its part of the CPU time in user mode of its side, with `spin: 0`.
//    Instructions are not time: one that misses the caches takes longer than these numbers say.
// 4. Parts of the way alone: frames through the rings (build/release/test/hot_loops), and what it takes
//    to wake a process by an eventfd.
//
// Some 90 seconds. --quick: 2 rounds of 0.5 s and fewer requests. Without valgrind 2 and 3 are left out.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { hasValgrind } from '../test/instructions/callgrind.js'
import { competitors, versions } from './support/install/competitors.js'
import { startLoadProcess } from './support/loads/load-process.js'
import { pathChart } from './support/path/chart.js'
import { bells, hotLoops } from './support/path/microbenchmarks.js'
import { profile } from './support/path/profile.js'
import { median, plusMinus, progress, save, table } from './support/report/report.js'
import { interleave } from './support/report/rounds.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    'in-flight': { type: 'string', default: '64' },
    'warm-up': { type: 'string' },
    requests: { type: 'string' },
    quick: { type: 'boolean', default: false }
  }
})
const { quick } = values
const rounds = Number(values.rounds ?? (quick ? 2 : 5))
const seconds = Number(values.seconds ?? (quick ? 0.5 : 2))
const inFlight = Number(values['in-flight'])
const warmUp = Number(values['warm-up'] ?? (quick ? 40_000 : 100_000))
const requests = Number(values.requests ?? (quick ? 3000 : 10_000))
const runs = quick ? 1 : 5

const python = `${await competitors()}/python`
const docroot = fileURLToPath(new URL('../fixtures/apps', import.meta.url))

progress('starting')
const loaders = {}
for (const spin of [0, 'auto']) {
  loaders[spin] = await startLoadProcess('../path/load.js', { docroot, appTarget: 'main:app', python, spin })
}
const cases = []
for (const count of [inFlight, 1]) {
  for (const [spin, loader] of Object.entries(loaders)) {
    const load = { inFlight: count, latencies: count === 1 }
    cases.push({
      spin, inFlight: count, measure: seconds => loader.measure({ ...load, seconds }), rounds: []
    })
  }
}
const [busy] = cases
try {
  // Warms them: what is compiled now does not count.
  for (const { measure } of cases) await measure(quick ? 0.5 : 1)
  await interleave({
    rounds,
    cases,
    nameOf: one => `spin ${one.spin}, ${one.inFlight} in flight`,
    measure: ({ measure }) => measure(seconds)
  })
} finally {
  await Promise.all(Object.values(loaders).map(loader => loader.stop()))
}

progress('the bells')
const bell = bells({ python, runs, turns: quick ? 2000 : 10_000 })
progress('frames through the rings')
const loops = hotLoops({ runs, part: quick ? 0.2 : 1 })
progress(`${warmUp + requests} requests under callgrind`)
const traced = await trace()
progress('')

/** @returns {Promise<Awaited<ReturnType<typeof profile>> | string>} or why there is none */
async function trace () {
  if (!await hasValgrind()) {
    return 'Stages were not measured: there is no valgrind; install it with `apt-get install valgrind`.'
  }
  try {
    return await profile({ python, inFlight, warmUp, requests })
  } catch (error) {
    return `Stages were not measured: ${error.message}`
  }
}

const of = (one, read) => median(one.rounds.map(read))
const micros = (one, read) => of(one, read).toFixed(2)
const rate = ({ requests, seconds }) => requests / seconds

const throughput = table(
  ['spin', 'in flight', 'requests/s', '±', 'Node µs', 'kernel', "V8's threads", 'worker µs', 'kernel',
    'p50 µs'],
  cases.map(one => [one.spin, one.inFlight, Math.round(of(one, rate)), plusMinus(one.rounds.map(rate)),
    ...one.inFlight === 1
      ? ['–', '–', '–', '–', '–', micros(one, ({ p50 }) => p50 * 1000)]
      : [micros(one, ({ cpu }) => cpu.node.user), micros(one, ({ cpu }) => cpu.node.kernel),
          micros(one, ({ cpu }) => cpu.others), micros(one, ({ cpu }) => cpu.worker.user),
          micros(one, ({ cpu }) => cpu.worker.kernel), '–']]))

/** Stages in microseconds, and what callgrind does not see of a side. */
function withTime ({ stages, within }, { user, rest }) {
  const timed = list => list.map(stage => ({ ...stage, micros: stage.share * user }))
  const unseen = rest.map(([name, micros]) => ({ name, micros }))
  return { stages: [...timed(stages), ...unseen], within: timed(within) }
}

const isTraced = typeof traced !== 'string'
const sides = isTraced
  ? [{
      name: 'Node',
      ...withTime(traced.node, {
        user: of(busy, ({ cpu }) => cpu.node.user),
        rest: [['kernel', of(busy, ({ cpu }) => cpu.node.kernel)],
          ["V8's other threads", of(busy, ({ cpu }) => cpu.others)]]
      })
    }, {
      name: 'Worker',
      ...withTime(traced.worker, {
        user: of(busy, ({ cpu }) => cpu.worker.user),
        rest: [['kernel', of(busy, ({ cpu }) => cpu.worker.kernel)]]
      })
    }]
  : []

const sum = (stages, read) => stages.reduce((all, stage) => all + read(stage), 0)
const row = ({ name, instructions, share, micros }) => [name,
  instructions === undefined ? '–' : Math.round(instructions),
  share === undefined ? '–' : (share * 100).toFixed(1), micros.toFixed(2)]
const stageTable = ({ name, stages, within }) => table([name, 'instructions', '%', 'µs'], [
  ...stages.map(row),
  row({
    name: 'all',
    instructions: sum(stages, ({ instructions = 0 }) => instructions),
    share: sum(stages, ({ share = 0 }) => share),
    micros: sum(stages, ({ micros }) => micros)
  }),
  ...within.map(stage => row({ ...stage, name: `(in these: ${stage.name})` }))
])

const stagesText = isTraced
  ? [...sides.map(stageTable),
      [`Instructions of a request under callgrind (${requests} after ${warmUp}, ${inFlight} in flight),`,
        'and that part of the CPU time in user mode above, spin 0; kernel and other threads as measured.',
        ...traced.node.notes].join(' ')].join('\n\n')
  : traced

const loopsText = loops === null
  ? 'Frames were not measured: build them with `bash scripts/build.sh release`.'
  : table(['frames through a ring, both ends in one process', 'ns', '±'],
    loops.map(({ name, nanos }) => [name, Math.round(median(nanos)), plusMinus(nanos)]))

const alone = spin => cases.find(one => one.inFlight === 1 && one.spin === spin)
  .rounds.map(({ p50 }) => p50 * 1000)
const wakings = ({ one_way: oneWay, round_trip: roundTrip, cpu }, where) => [
  [`eventfd, both processes on ${where}: rung until the other one runs`, oneWay],
  [`${where}: there and back`, roundTrip],
  [`${where}: CPU time of both in that`, cpu]
]
const bellText = table(['waking', 'µs', '±'], [
  ['eventfd rung, nobody sleeps', bell.same.ring],
  ...wakings(bell.same, 'one core'),
  ...bell.other === null ? [] : wakings(bell.other, 'two cores'),
  ['handleRequest alone, spin 0 (p50)', alone('0')],
  ['handleRequest alone, spin auto (p50)', alone('auto')]
].map(([name, runs]) => [name, median(runs).toFixed(2), plusMinus(runs)]))

const text = `${throughput}

CPU µs a request, in user mode (of Node, its main thread) and in the kernel; medians of ${rounds} rounds
of ${seconds} s, 1 worker; ± is half the range of the rounds.

${stagesText}

${loopsText}

${bellText}`
console.log(`${text}\n`)
console.log(await save('path', {
  rounds,
  seconds,
  versions: await versions(['uvloop']),
  cases: cases.map(({ spin, inFlight, rounds }) => ({ spin, inFlight, rounds })),
  traced,
  sides,
  loops,
  bell
}, {
  text,
  pictures: isTraced
    ? {
        stages: pathChart({
          title: 'Where the CPU time of one request goes',
          subtitle: `handleRequest of a hello-world application, 1 worker, ${inFlight} in flight, spin 0; ` +
            'µs of CPU time, in the order of the way',
          bars: sides
        })
      }
    : {}
}))
