/**
 * Libraries that have threads, preloaded and then used in forked workers. Run it with run.sh, which
 * installs them. At the end it prints the table of docs/recovery.md.
 */

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

import { pss } from '../../bench/support/processes/memory.js'
import { PythonHandler } from '../../addon/lib/index.js'
import { childProcesses, eventually } from '../support/harness.js'

const path = (name) => fileURLToPath(new URL(name, import.meta.url))

const WORKERS = 4
/** Milliseconds that one computation may take before it counts as hanging. */
const LIMIT = 60_000

/**
 * What is expected of a library: `imported` and `used` say whether it is shared when the import has
 * only imported it, and when it has used it. If not, the warning names `warning`, and the variable
 * makes it shared.
 */
const LIBRARIES = {
  numpy: { imported: true, used: true },
  scipy: { imported: true, used: true },
  scikit_learn: { imported: true, used: true },
  mkl: { imported: true, used: true },
  torch: { imported: true, used: true, package: 'torch' },
  opencv: { imported: true, used: false, warning: 'OpenCV', variable: 'OPENCV_FOR_THREADS_NUM' },
  numexpr: { imported: false, used: false, warning: 'numexpr', variable: 'NUMEXPR_NUM_THREADS' },
  pyarrow: { imported: true, used: false, warning: 'pyarrow' },
  polars: { imported: false, used: false, warning: 'polars' },
  grpc: { imported: true, used: true },
  grpc_channel: { imported: false, warning: 'gRPC' }
}

/**
 * Starts workers, computes in each of them, on its event loop and in a thread, and again after one
 * has been replaced.
 */
async function run (env, preload) {
  const warnings = []
  const python = new PythonHandler({
    docroot: path('.'),
    appTarget: 'libraries:app',
    python: path('.venv/bin/python'),
    workers: WORKERS,
    preload,
    env,
    timeouts: { startup: LIMIT, hang: LIMIT },
    logger: { debug () {}, info () {}, error () {}, warn: (line) => warnings.push(line) }
  })
  const everyWorker = async () => {
    await eventually(() => assert.equal(python.stats().ready, WORKERS), LIMIT)
    const answers = []
    for (const url of ['/', '/thread', '/']) {
      answers.push(...await Promise.all(Array.from({ length: WORKERS }, () =>
        python.handleRequest({ url }, { timeout: LIMIT }))))
    }
    const seen = answers.map(({ body }) => JSON.parse(body.toString()))
    assert.equal(new Set(seen.map(({ result }) => result)).size, 1)
    assert.equal(new Set(seen.map(({ pid }) => pid)).size, WORKERS)
    return seen
  }
  try {
    await python.ready
    const [{ pid }] = await everyWorker()
    process.kill(pid, 'SIGKILL')
    await eventually(() => assert.equal(python.stats().exits.crash, 1), LIMIT)
    const seen = await everyWorker()
    const [server] = childProcesses()
    const workers = childProcesses(server)
    assert.equal(workers.length, WORKERS)
    return {
      isShared: seen.every(({ pid, importedIn }) => pid !== importedIn),
      server: pss(server),
      total: [server, ...workers].map(pss).reduce((sum, each) => sum + each),
      warning: warnings.find((line) => line.includes('forking is unsafe')) ?? ''
    }
  } finally {
    await python.close()
  }
}

const skip = existsSync(path('.venv/requirements.txt.installed')) ? false : 'use run.sh'
const hasTorch = existsSync(path('.venv/requirements-torch.txt.installed'))
const rows = []
const megabytes = (bytes) => Math.round(bytes / 1e6)

for (const [library, expected] of Object.entries(LIBRARIES)) {
  describe(library, {
    skip: skip || (expected.package === 'torch' && !hasTorch && 'use run.sh --torch')
  }, () => {
    for (const when of ['imported', 'used'].filter((each) => each in expected)) {
      it(`is ${when} by a preloaded module`, async () => {
        const env = { LIBRARY: library, COMPUTE: when === 'used' ? '1' : '0' }
        const without = await run(env, false)
        const preloaded = await run(env, true)
        rows.push([library, when, preloaded.isShared ? 'yes' : 'no', megabytes(without.total),
          megabytes(preloaded.total)])
        assert.equal(preloaded.isShared, expected[when], preloaded.warning)
        if (expected[when]) {
          assert.equal(preloaded.warning, '')
          return
        }
        assert.ok(preloaded.warning.includes(expected.warning), preloaded.warning)
        // It keeps no copy of what no worker shares.
        assert.ok(preloaded.server < 25e6, `${preloaded.server} bytes`)
        if (expected.variable === undefined) return
        assert.ok(preloaded.warning.includes(`${expected.variable}=1`), preloaded.warning)
        const helped = await run({ ...env, [expected.variable]: '1' }, true)
        assert.equal(helped.isShared, true, helped.warning)
        rows.push([`${library}, ${expected.variable}=1`, when, 'yes', '', megabytes(helped.total)])
      })
    }
  })
}

after(() => {
  const head = ['library', 'when', 'shared', 'MB without preload', 'MB with preload']
  const lines = [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`)
  console.log(lines.join('\n'))
})
