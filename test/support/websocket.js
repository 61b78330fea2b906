/** Helpers for WebSocket tests: a server around a handler, and clients from `ws`. */

import { once } from 'node:events'
import { connect } from 'node:net'

import WebSocket from 'ws'

import { withServer } from './harness.js'

/** Serves requests and upgrades with a handler while `run` runs; `run` gets the ws:// address. */
export function withSockets (python, run) {
  return withServer(python.listener, (base, server) => {
    server.on('upgrade', python.upgrade)
    return run(base.replace('http', 'ws'), server)
  })
}

/**
 * Opens a client that records what it receives.
 * @typedef {{ received: (string | Buffer)[], closed: Promise<[number, string]> }} Records
 * @returns {Promise<WebSocket & Records>}
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

/** Opens a client that must be refused; returns status, headers and body of the response. */
export function refusedSocket (url, options = {}) {
  return new Promise((resolve, reject) => {
    const client = new WebSocket(url, options)
    client.on('open', () => reject(new Error('the WebSocket was accepted')))
    client.on('error', () => {})
    client.on('unexpected-response', async (_, response) => {
      const body = Buffer.concat(await response.toArray()).toString()
      resolve({ status: response.statusCode, headers: response.headers, body })
    })
  })
}

/** Sends raw text and returns everything that the server sends until the connection ends. */
export async function rawExchange (url, text) {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.end(text.replaceAll('\n', '\r\n'))
  return Buffer.concat(await socket.toArray()).toString('latin1')
}
