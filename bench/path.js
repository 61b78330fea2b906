// Where the CPU time of one request goes.
//
//   node bench/path.js [--rounds 5] [--seconds 2] [--in-flight 64] [--warm-up 100000]
//                      [--requests 10000] [--quick]
//
// 1. Runs handleRequest of a hello-world application (fixtures/apps/main.py) with one worker, with
//    `spin: 0` and with the default. Measures requests/s, the CPU time of a request in Node and in
//    the worker (in user mode and in the kernel), and the latency of one request alone.
// 2. Runs the same under callgrind, which counts the instructions of each stage. Work before
//    --warm-up requests have been answered (imports, V8's compiler) does not count.
// 3. Computes the microseconds of a stage: its share of a side's instructions, times that side's
//    CPU time in user mode with `spin: 0`. Instructions are not time: code that misses the caches
//    takes longer than these numbers say.
// 4. Measures parts alone: frames through the rings (build/release/test/hot_loops), and the time it
//    takes to wake a process through an eventfd.
//
// Takes about 90 seconds. --quick: 2 rounds of 0.5 s and fewer requests. Steps 2 and 3 need
// valgrind. out.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { hasValgrind } from '../test/instructions/callgrind.js'
import { competitors, versions } from './support/install/competitors.js'
import { startLoadProcess } from './support/loads/load-process.js'
import { pathChart } from './support/path/chart.js'
import { hotLoops, wakeUps } from './support/path/microbenchmarks.js'
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
  loaders[spin] = await startLoadProcess('../path/load.js',
    { docroot, appTarget: 'main:app', python, spin })
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
  // A warm-up, so that the JIT compiles before the first round.
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

progress('measuring wake-ups')
const wakeUp = wakeUps({ python, runs, turns: quick ? 2000 : 10_000 })
progress('sending frames through the rings')
const loops = hotLoops({ runs, part: quick ? 0.2 : 1 })
progress(`running ${warmUp + requests} requests under callgrind`)
const traced = await trace()
progress('')

/** @returns {Promise<Awaited<ReturnType<typeof profile>> | string>} a string: why there is none */
async function trace () {
  if (!await hasValgrind()) {
    return 'Stages were not measured: valgrind is missing; install it with ' +
      '`apt-get install valgrind`.'
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
  ['spin', 'in flight', 'requests/s', '±', 'Node µs', 'kernel', "V8's threads", 'worker µs',
    'kernel', 'p50 µs'],
  cases.map(one => [one.spin, one.inFlight, Math.round(of(one, rate)),
    plusMinus(one.rounds.map(rate)),
    ...one.inFlight === 1
      ? ['–', '–', '–', '–', '–', micros(one, ({ p50 }) => p50 * 1000)]
      : [micros(one, ({ cpu }) => cpu.node.user), micros(one, ({ cpu }) => cpu.node.kernel),
          micros(one, ({ cpu }) => cpu.others), micros(one, ({ cpu }) => cpu.worker.user),
          micros(one, ({ cpu }) => cpu.worker.kernel), '–']]))

/** Adds microseconds to the stages of a side, and the CPU time that callgrind does not see. */
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
  ...within.map(stage => row({ ...stage, name: `(included above: ${stage.name})` }))
])

const stagesText = isTraced
  ? [...sides.map(stageTable),
      [`Instructions of a request under callgrind (${requests} requests after ${warmUp},`,
        `${inFlight} in flight), and their share of the CPU time in user mode above with spin 0;`,
        'kernel and other threads as measured.', ...traced.node.notes].join(' ')].join('\n\n')
  : traced

const loopsText = loops === null
  ? 'Frames were not measured: `bash scripts/build.sh release` builds what measures them.'
  : table(['frame through a ring, both ends in one process', 'ns', '±'],
    loops.map(({ name, nanos }) => [name, Math.round(median(nanos)), plusMinus(nanos)]))

const alone = spin => cases.find(one => one.inFlight === 1 && one.spin === spin)
  .rounds.map(({ p50 }) => p50 * 1000)
const wakeUpRows = ({ one_way: oneWay, round_trip: roundTrip, cpu }, where) => [
  [`eventfd, both processes on ${where}: from the write until the other runs`, oneWay],
  [`${where}: round trip`, roundTrip],
  [`${where}: CPU time of both processes per round trip`, cpu]
]
const wakeUpText = table(['wake-up', 'µs', '±'], [
  ['write to an eventfd that nobody waits for', wakeUp.same.ring],
  ...wakeUpRows(wakeUp.same, 'one core'),
  ...wakeUp.other === null ? [] : wakeUpRows(wakeUp.other, 'two cores'),
  ['handleRequest alone, spin 0 (p50)', alone('0')],
  ['handleRequest alone, spin auto (p50)', alone('auto')]
].map(([name, runs]) => [name, median(runs).toFixed(2), plusMinus(runs)]))

const text = `${throughput}

CPU µs per request, in user mode (for Node: of its main thread) and in the kernel. Medians of
${rounds} rounds of ${seconds} s, 1 worker; ± is half the range of the rounds.

${stagesText}

${loopsText}

${wakeUpText}`
console.log(`${text}\n`)
console.log(await save('path', {
  rounds,
  seconds,
  versions: await versions(['uvloop']),
  cases: cases.map(({ spin, inFlight, rounds }) => ({ spin, inFlight, rounds })),
  traced,
  sides,
  loops,
  wakeUp
}, {
  text,
  pictures: isTraced
    ? {
        stages: pathChart({
          title: 'Where the CPU time of one request goes',
          subtitle: 'handleRequest of a hello-world application, 1 worker, ' +
            `${inFlight} in flight, spin 0; µs of CPU time, in the order of the stages`,
          bars: sides
        })
      }
    : {}
}))
