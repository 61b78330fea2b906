// HTTP requests to 127.0.0.1 or a unix socket: single ones, and a steady load.
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const TIMEOUT = 10_000

/**
 * One request; on a connection of its own unless an agent is given.
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
    req.on('timeout', () => req.destroy(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' })))
    req.on('error', reject)
    req.end(body)
  })
}

/**
 * Sends requests one after the other on each of `connections` until stopped, without a pause but for
 * a millisecond after one that failed.
 * @param {{ address: object, connections: number, onAnswer (text: string): void,
 *   onLost (kind: string): void }} options
 * @returns {() => Promise<void>} stops it
 */
export function steadyLoad ({ address, connections, onAnswer, onLost }) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  let stopped = false
  const stop = new AbortController()
  async function client () {
    while (!stop.signal.aborted) {
      try {
        const { status, text } = await get(address, { agent })
        if (status === 200) onAnswer(text)
        else onLost(String(status))
        if (status === 200) continue
      } catch (error) {
        if (!stopped) onLost(error.code ?? error.message)
      }
      await sleep(1)
    }
  }
  const running = Promise.all(Array.from({ length: connections }, client))
  return async () => {
    stopped = true
    stop.abort()
    await running
    agent.destroy()
  }
}
