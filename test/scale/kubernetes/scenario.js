/**
 * One thing that happens to a fleet of two hosts behind HAProxy, under load. It runs in namespaces
 * of its own (hosts.js), prints what the clients saw, and fails if that is not as documented.
 *
 *   node scenario.js NAME IMAGE FOLDER full|brief
 *
 * IMAGE is the folder that image.js has made, and FOLDER is for logs.
 */

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { connectHosts, startBalancer } from './hosts.js'
import { Load } from './load.js'
import { followLoad } from './prometheus.js'

const [name, image, folder, mode] = process.argv.slice(2)
const isBrief = mode === 'brief'

/** A brief run waits less than the chart's values, everywhere. */
/** @type {Record<string, string>} */
const options = isBrief ? { '--stop-delay': '1.5', '--timeout-drain': '3', '--workers': '1' } : {}
// The queue is to fill.
if (name === 'scale') Object.assign(options, { '--workers': '2', '--concurrency': '20' })
const changes = /** @type {[string, string][]} */ (isBrief ? [['inter 1s', 'inter 250ms']] : [])
const clients = isBrief
  ? { get: 4, post: 2, streams: 1, sockets: 1 }
  : { get: 12, post: 4, streams: 3, sockets: 3 }

const EXAMPLE = '../../../examples/haproxy/haproxy.cfg'

/** Seconds until the load balancer and the clients have noticed that a host is cut off. */
const NOTICED = 8

const hosts = connectHosts(['a', 'b'])
const [a] = hosts
await Promise.all(hosts.map((host) => host.start('1', { folder, image, options })))
const config = new URL(name === 'service' ? 'service.cfg' : EXAMPLE, import.meta.url)
const balancer = await startBalancer(fileURLToPath(config), folder, hosts, changes)

/** @param {Load} load */
function summary (load) {
  /** @type {Record<string, number>} */
  const failed = {}
  for (const { method, failure } of load.failures) {
    const key = `${method} ${failure}`
    failed[key] = (failed[key] ?? 0) + 1
  }
  const slowest = Math.max(...load.requests.map(({ start, end }) => end - start))
  return {
    requests: load.requests.length,
    failed,
    'slowest, ms': Math.round(slowest),
    'WebSocket closes': load.closes,
    'ends of event streams': load.streamEnds,
    'gaps in event streams': load.gaps
  }
}

/**
 * Requests that may not be repeated, and that a host had, fail: with a 502, or, if HAProxy had sent
 * them on a connection that was open before, by the end of the connection.
 * @param {Load} load
 * @param {number} until nothing fails that was sent after HAProxy had noticed
 */
function checkLosses (load, until) {
  for (const { method, start, failure } of load.failures) {
    assert.equal(method, 'POST')
    assert([502, 'ECONNRESET'].includes(failure), String(failure))
    assert(start < until, 'a request failed that was sent later')
  }
  assert(load.failures.length <= clients.post, 'one request of each client at most')
  assert(load.closes.every((code) => code === 1006), String(load.closes))
  assert.equal(load.gaps, 0)
}

/** Waits until both hosts serve again, and clients get answers from both. @param {Load} load */
async function recovered (load) {
  await balancer.become({ a: 'UP', b: 'UP' })
  const before = load.requests.length
  await sleep(1000)
  const pods = new Set(load.requests.slice(before).map(({ pod }) => pod))
  // A service leaves connections that are kept where they are.
  if (name !== 'service') assert.deepEqual([...pods].sort(), ['a', 'b'])
}

/** As a Deployment does it: one host after the other gets the new version. */
async function update () {
  const load = new Load(balancer.url).start(clients)
  await sleep(1000)
  for (const host of hosts) {
    const begun = performance.now()
    assert.equal(await host.stop(), 0)
    console.log(`${host.name} has stopped after ${Math.round(performance.now() - begun)} ms`)
    await host.start('2', { folder, image, options })
    await recovered(load)
  }
  await load.stop()
  console.log(summary(load))
  assert.deepEqual(load.failures, [])
  assert.deepEqual(new Set(load.closes), new Set([1012]))
  assert(load.streamEnds.length > 0)
  assert.equal(load.gaps, 0)
  const versions = load.requests.toSorted((one, other) => one.start - other.start)
    .map(({ version }) => version)
  assert.deepEqual([versions[0], versions.at(-1)], ['1', '2'])
}

const SCENARIOS = {
  update,
  service: update,

  /** All processes of a host end at once. */
  async kill () {
    const load = new Load(balancer.url).start(clients)
    await sleep(1000)
    await a.kill()
    await balancer.become({ a: 'DOWN', b: 'UP' })
    const noticed = performance.now()
    await sleep(1000)
    await a.start('1', { folder, image, options })
    await recovered(load)
    await load.stop()
    console.log(summary(load))
    checkLosses(load, noticed)
  },

  /** The cable of a host is pulled, and plugged in again. */
  async cut () {
    const load = new Load(balancer.url).start(clients)
    await sleep(1000)
    const cut = performance.now()
    a.cut()
    await balancer.become({ a: 'DOWN', b: 'UP' })
    const noticed = performance.now() - cut
    await sleep(NOTICED * 1000)
    a.join()
    await recovered(load)
    await load.stop()
    console.log(summary(load), `HAProxy has noticed after ${Math.round(noticed)} ms`)
    checkLosses(load, cut + noticed)
    assert(load.requests.every(({ start, end }) => end - start < NOTICED * 1000))
  },

  /** The number of pods that KEDA's queries recommend. */
  scale: () => followLoad({ hosts, folder, url: balancer.url, isBrief })
}

await SCENARIOS[name]()
process.exit(0) // the namespaces end with this process, and all that runs in them
