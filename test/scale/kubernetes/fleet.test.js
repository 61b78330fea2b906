/**
 * Two hosts in network namespaces behind HAProxy, each with the pod of the chart: an update, a host
 * that is killed, one that is cut off, and the number of pods under a load that changes. Briefly,
 * unless NODE_ASGI_TEST_SCALE is `full`: then with the times of the chart.
 */

import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { hasContainers } from '../../support/container.js'
import { isInstalled } from '../../proxies/start-proxy.js'
import { hasNamespaces, inNamespaces } from './hosts.js'
import { assemble } from './image.js'

const SCENARIO = fileURLToPath(new URL('scenario.js', import.meta.url))

/** The image is not in /tmp, which is empty in the pod. */
const BUILD = fileURLToPath(new URL('../../../build', import.meta.url))

/** Milliseconds. The longest, the full scale, takes one. */
const LIMIT = 180_000

const isFull = process.env.NODE_ASGI_TEST_SCALE === 'full'

const skip = why()

function why () {
  if (!hasContainers() || !hasNamespaces()) return 'needs root to make network namespaces'
  const missing = ['haproxy', 'prometheus'].find((program) => !isInstalled(program))
  return missing === undefined ? false : `needs the Debian package ${missing}`
}

const NAMES = {
  update: 'an update of both hosts neither fails nor cuts a request',
  service: 'nor does an update without a load balancer that knows requests',
  kill: 'a host that is killed loses only the requests it has that may not be repeated',
  cut: 'a host that is cut off holds requests up for seconds, and loses as few',
  scale: 'Prometheus and the queries of KEDA recommend pods that follow the load'
}

// They mostly wait.
describe('a fleet', { skip, timeout: 4 * LIMIT, concurrency: isFull ? 1 : 2 }, () => {
  /** @type {string} */
  let image
  before(() => {
    mkdirSync(BUILD, { recursive: true })
    image = mkdtempSync(join(BUILD, 'image-'))
    chmodSync(image, 0o755)
    assemble(image)
  })
  after(() => rmSync(image, { recursive: true }))

  for (const [name, title] of Object.entries(NAMES)) {
    const isLong = name === 'service' && !isFull && 'only at full length'
    it(title, { timeout: LIMIT, skip: isLong }, async (t) => {
      const folder = mkdtempSync(join(tmpdir(), `node-asgi-fleet-${name}-`))
      chmodSync(folder, 0o777) // Prometheus and HAProxy may run as users of their own
      try {
        const [file, ...args] = inNamespaces(
          [process.execPath, SCENARIO, name, image, folder, isFull ? 'full' : 'brief'])
        const { stdout } = await promisify(execFile)(file, args, { timeout: LIMIT })
        t.diagnostic(stdout.trim())
      } catch (error) {
        for (const log of readdirSync(folder).filter((each) => each.endsWith('.log'))) {
          t.diagnostic(`${log}:\n${readFileSync(join(folder, log), 'utf8')}`)
        }
        throw error
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    })
  }

  it('leaves no namespace behind', () => {
    const names = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout
    assert.doesNotMatch(names, /^[ab]\b/m)
  })
})
