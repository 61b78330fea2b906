/** Helpers for tests of WebSockets: a server around a handler, and clients of `ws`. */

import { once } from 'node:events'
import { connect } from 'node:net'

import WebSocket from 'ws'

import { withServer } from './harness.js'

/** Serves requests and upgrades of a handler while `run` goes; it gets the ws:// address. */
export function withSockets (python, run) {
  return withServer(python.listener, (base, server) => {
    server.on('upgrade', python.upgrade)
    return run(base.replace('http', 'ws'), server)
  })
}

/**
 * An open client that keeps what it gets.
 * @returns {Promise<WebSocket & { received: (string | Buffer)[], closed: Promise<[number, string]> }>}
 */
export async function openSocket (url, protocols = [], options = {}) {
  const client = new WebSocket(url, protocols, { perMessageDeflate: false, ...options })
  client.received = []
  client.on('message', (data, isBinary) => {
    client.received.push(isBinary ? data : data.toString())
  })
  client.closed = new Promise((resolve) => {
    client.on('close', (code, reason) => resolve([code, reason.toString()]))
  })
  client.on('upgrade', (response) => { client.response = response })
  await once(client, 'open')
  return client
}

/** What a client gets that is refused: status, headers, body. */
export function refusedSocket (url, options = {}) {
  return new Promise((resolve, reject) => {
    const client = new WebSocket(url, options)
    client.on('open', () => reject(new Error('it was accepted')))
    client.on('error', () => {})
    client.on('unexpected-response', async (_, response) => {
      const body = Buffer.concat(await response.toArray()).toString()
      resolve({ status: response.statusCode, headers: response.headers, body })
    })
  })
}

/** Sends bytes as they are and returns all that is answered until the end. */
export async function rawExchange (url, text) {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.end(text.replaceAll('\n', '\r\n'))
  return Buffer.concat(await socket.toArray()).toString('latin1')
}
