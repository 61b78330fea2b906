// Throughput of a large body that is sent to Python and echoed.
//
//   node bench/echo.js [--mib 64] [--times 5] [--rounds 7] [--quick]
//
// The request body is a Readable of 64 KiB chunks, and the response is read with `for await`; the
// application sends each piece back as it arrives. Compares handleStream with what users do without
// node-asgi: undici's request() to uvicorn over a Unix socket. Each has one worker. A round sends
// --times bodies one after another, and rounds are interleaved. --quick: 3 rounds.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { competitors, versions } from './support/install/competitors.js'
import { nodeVersions } from './support/servers/server-kinds.js'
import { startLoadProcess } from './support/loads/load-process.js'
import { installPackages } from './support/install/npm.js'
import {
  median, plusMinus, progress, ratio, save, table, targetTable
} from './support/report/report.js'
import { interleave } from './support/report/rounds.js'
import { startServer } from './support/servers/server.js'

const MIB = 2 ** 20

const { values } = parseArgs({
  options: {
    mib: { type: 'string', default: '64' },
    times: { type: 'string', default: '5' },
    rounds: { type: 'string' },
    quick: { type: 'boolean' }
  }
})
const mib = Number(values.mib)
const times = Number(values.times)
const rounds = Number(values.rounds ?? (values.quick ? 3 : 7))

progress('starting')
const bin = await competitors()
installPackages()
const application = {
  bin, docroot: fileURLToPath(new URL('apps', import.meta.url)), app: 'work_app:app', workers: 1
}
const uvicorn = await startServer('uvicorn', { ...application, unix: true })
const ours = await startLoadProcess('echo-load.js', application)
const undici = await startLoadProcess('echo-load.js', uvicorn.address)
const cases = [
  { name: 'handleStream', measure: () => ours.measure({ bytes: mib * MIB, times }), rounds: [] },
  { name: 'undici → uvicorn', measure: throughUvicorn, rounds: [] }
]

async function throughUvicorn () {
  const before = uvicorn.cpu().python
  const { seconds, cpu } = await undici.measure({ bytes: mib * MIB, times })
  return { seconds, cpu: { node: cpu.node, python: uvicorn.cpu().python - before } }
}

try {
  for (const { measure } of cases) await measure() // warms the JIT
  await interleave({ rounds, cases, nameOf: ({ name }) => name, measure: one => one.measure() })
} finally {
  await Promise.all([ours.stop(), undici.stop(), uvicorn.stop()])
}

const rates = one => one.rounds.map(({ seconds }) => mib * times / seconds)
const cpu = (one, side) =>
  median(one.rounds.map(one => one.cpu[side] / mib / times * 1000)).toFixed(2)
const targets = [{
  what: `${mib} MiB echo: ratio to undici and uvicorn over a Unix socket`,
  value: ratio(rates(cases[0]), rates(cases[1])),
  atLeast: 4,
  unit: '×'
}]
const text = `${table(['', 'MiB/s', '±', 'CPU ms per MiB: Node', 'Python', 'handleStream / row'],
  cases.map(one => [one.name, Math.round(median(rates(one))), plusMinus(rates(one)),
    cpu(one, 'node'), cpu(one, 'python'),
    `${ratio(rates(cases[0]), rates(one)).toFixed(2)} ×`]))}

Each round echoes ${mib} MiB ${times} times. Medians of ${rounds} rounds; ± is half the range of
the rounds; ratios are taken per round.`
console.log(`${text}\n\n${targetTable(targets)}\n`)
console.log(await save('echo', {
  mib,
  times,
  rounds,
  versions: { ...await versions(['uvicorn', 'uvloop', 'httptools']), ...nodeVersions() },
  cases,
  targets
}, { text }))
