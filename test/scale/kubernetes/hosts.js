/**
 * Hosts in network namespaces, and what runs on them. This is for a program in namespaces of its
 * own (see inNamespaces), so nothing of it is left when the program ends, however it ends.
 */

import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, openSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'

import { container, firstProcess } from '../../support/container.js'
import { VENV_PYTHON, eventually } from '../../support/harness.js'
import { ENTRYPOINT } from './image.js'
import { POD, argsWith } from './pod.js'

/** Its processes end with the program, and the networks with them. */
const NAMESPACES = ['unshare', '--net', '--mount', '--pid', '--fork', '--kill-child',
  '--mount-proc']

/**
 * The command that runs a program in namespaces of its own.
 * @param {string[]} command
 */
export function inNamespaces (command) {
  return [...NAMESPACES, ...command]
}

/** Whether namespaces with networks can be made here. */
export function hasNamespaces () {
  const [file, ...args] = inNamespaces(['sh', '-euc',
    'mount -t tmpfs tmpfs /run && ip netns add a && ip link add one type veth peer name two'])
  return spawnSync(file, args).status === 0
}

/** The user of the pod; if the interpreter is in root's home, root without capabilities. */
const USER = spawnSync(VENV_PYTHON, ['-c', ''], { uid: POD.user, gid: POD.user }).status === 0
  ? POD.user
  : 0

const ip = (/** @type {string[]} */ ...args) => execFileSync('ip', args)

/** Connects hosts with this one, where the load balancer is. */
export function connectHosts (/** @type {string[]} */ names) {
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', '/run']) // for the names of the namespaces
  ip('link', 'set', 'lo', 'up')
  return names.map((name, i) => {
    const [here, there] = [`10.77.${i}.1`, `10.77.${i}.2`]
    ip('netns', 'add', name)
    ip('link', 'add', `to-${name}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
    ip('addr', 'add', `${here}/24`, 'dev', `to-${name}`)
    ip('link', 'set', `to-${name}`, 'up')
    ip('-n', name, 'addr', 'add', `${there}/24`, 'dev', 'eth0')
    ip('-n', name, 'link', 'set', 'lo', 'up')
    ip('-n', name, 'link', 'set', 'eth0', 'up')
    return new Host(name, there)
  })
}

/** A host that runs one pod at a time. */
export class Host {
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #pod

  /** @type {Promise<any[]>} */
  #exited = Promise.resolve([])

  /**
   * @param {string} name
   * @param {string} address
   */
  constructor (name, address) {
    this.name = name
    this.address = address
  }

  /**
   * Starts the pod of the chart, and waits until its probe succeeds.
   * @param {string} version
   * @param {{ folder: string, image: string, options?: Record<string, string> }} settings a folder
   *   for its log, the folder of its image, and options instead of the chart's
   */
  async start (version, { folder, image, options = {} }) {
    const [file, ...args] = ['ip', 'netns', 'exec', this.name, ...container(USER, POD.writable),
      process.execPath, ...ENTRYPOINT.slice(1), ...argsWith(options)]
    const log = createWriteStream(join(folder, `${this.name}.log`), { flags: 'a' })
    const pod = spawn(file, args, {
      cwd: image,
      env: { PATH: process.env.PATH, HOSTNAME: this.name, VERSION: version },
      stdio: ['ignore', 'pipe', 'pipe']
    })
    for (const output of [pod.stdout, pod.stderr]) output.pipe(log, { end: false })
    this.#pod = pod
    this.#exited = once(pod, 'exit')
    const failed = this.#exited.then(([code]) => {
      throw new Error(`the pod of ${this.name} has exited with ${code}; see its log`)
    })
    await Promise.race([eventually(() => this.isReady(), 60_000), failed])
    failed.catch(() => {})
  }

  async isReady () {
    const { path, port } = POD.container.readinessProbe.httpGet
    const url = `http://${this.address}:${POD.port(port)}${path}`
    const { status } = await fetch(url, { signal: AbortSignal.timeout(2000) })
    if (status !== 200) throw new Error(`the probe of ${this.name} got ${status}`)
  }

  /** SIGTERM, as the kubelet sends it. @returns {Promise<number | string>} how it has exited */
  async stop () {
    this.#signal('SIGTERM')
    const grace = POD.spec.terminationGracePeriodSeconds * 1000
    const timer = setTimeout(() => this.kill(), grace)
    const [code, signal] = await this.#exited
    clearTimeout(timer)
    return code ?? signal
  }

  /** Ends all processes at once, as when the machine fails. */
  async kill () {
    this.#signal('SIGKILL')
    await this.#exited
  }

  /** @param {NodeJS.Signals} signal */
  #signal (signal) {
    const pod = this.#pod
    if (pod?.exitCode === null && pod.signalCode === null) process.kill(firstProcess(pod), signal)
  }

  /** Pulls the cable. */
  cut () {
    ip('-n', this.name, 'link', 'set', 'eth0', 'down')
  }

  join () {
    ip('-n', this.name, 'link', 'set', 'eth0', 'up')
  }
}

/**
 * Runs HAProxy.
 * @param {string} config its file
 * @param {string} folder
 * @param {Host[]} hosts
 * @param {[from: string, to: string][]} [changes] of its file
 */
export async function startBalancer (config, folder, [a, b], changes = []) {
  const stats = join(folder, 'stats')
  let text = readFileSync(config, 'utf8')
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`${config} has no ${from}`)
    text = text.replaceAll(from, to)
  }
  const file = join(folder, 'haproxy.cfg')
  writeFileSync(file, `global\n  stats socket ${stats}\n${text}`)
  const child = spawn('haproxy', ['-f', file, '-db'], {
    env: {
      PATH: `${process.env.PATH}:/usr/sbin`,
      LISTEN: '127.0.0.1:8080',
      HOST_A: a.address,
      HOST_B: b.address
    },
    stdio: ['ignore', 'ignore', openSync(join(folder, 'haproxy.log'), 'a')]
  })
  /** @returns {Promise<Record<string, string>>} 'UP', 'DOWN' or on the way, for each server */
  const states = async () => {
    const socket = connect(stats)
    socket.end('show stat\n')
    const rows = (await socket.setEncoding('utf8').toArray()).join('').split('\n')
    const column = rows[0].split(',').indexOf('status')
    return Object.fromEntries(rows.map((row) => row.split(','))
      .filter(([proxy, server]) => proxy === 'app' && server !== 'BACKEND')
      .map((row) => [row[1], row[column]]))
  }
  /** @param {Record<string, string>} expected */
  const become = (expected) => eventually(async () =>
    assert.deepEqual(await states(), expected), 20_000)
  await become({ a: 'UP', b: 'UP' })
  return { child, url: 'http://127.0.0.1:8080', states, become }
}
