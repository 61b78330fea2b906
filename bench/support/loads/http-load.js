// HTTP requests to 127.0.0.1 or a Unix socket: single requests, and a steady load.
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { repeat } from './repeat.js'

const TIMEOUT = 10_000

/**
 * Sends one request, on a connection of its own unless an agent is given.
 * @param {{ port: number } | { socketPath: string }} address
 */
export function get (address,
  { agent = false, path = '/', method = 'GET', headers = {}, body, timeout = TIMEOUT } = {}) {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', ...address, path, method, headers, agent, timeout }
    const req = request(options, res => {
      let text = ''
      res.setEncoding('utf8')
      res.on('data', chunk => { text += chunk })
      res.on('end', () => resolve({ status: res.statusCode, text }))
      res.on('error', reject)
    })
    req.on('timeout', () => {
      req.destroy(Object.assign(new Error(`no response in ${timeout} ms`), { code: 'ETIMEDOUT' }))
    })
    req.on('error', reject)
    req.end(body)
  })
}

/**
 * Sends requests one after another on each connection until stopped, without a pause except for one
 * millisecond after a failure.
 * @param {{ address: object, connections: number, onAnswer (text: string): void,
 *   onLost (kind: string): void }} options
 * @returns {() => Promise<void>} stops the load
 */
export function steadyLoad ({ address, connections, onAnswer, onLost }) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  let stopped = false
  async function send () {
    try {
      const { status, text } = await get(address, { agent })
      if (status === 200) return onAnswer(text)
      onLost(String(status))
    } catch (error) {
      if (!stopped) onLost(error.code ?? error.message)
    }
    await sleep(1)
  }
  const clients = Array.from({ length: connections }, () => repeat(send))
  return async () => {
    stopped = true
    await Promise.all(clients.map(stop => stop()))
    agent.destroy()
  }
}
