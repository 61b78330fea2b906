/**
 * The loads whose system calls are counted. Each is `start(port)`, which resolves with a function
 * that makes `count` turns and one that ends it.
 */

import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { WebSocket } from 'ws'

/** A connection that reads its responses without a parser. */
class Client {
  #text = ''
  #changed = () => {}

  constructor (port) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.socket.setEncoding('latin1')
    this.socket.on('data', (piece) => {
      this.#text += piece
      this.#changed()
    })
  }

  ask (path) {
    this.socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
  }

  /** Waits until the text has `what` that many times, and forgets all that has come. */
  async expect (what, times = 1) {
    while (this.#text.split(what).length <= times) {
      await new Promise((resolve) => { this.#changed = () => resolve(undefined) })
    }
    this.#text = ''
  }

  async get (path, end) {
    this.ask(path)
    await this.expect(end)
  }

  close () {
    this.socket.destroy()
  }
}

const GREETING = 'Hello, world!'
const LAST_CHUNK = '\r\n0\r\n\r\n'
const EVENT = 'data: 0123456789\n\n'

const closeAll = (clients) => () => clients.forEach((client) => client.close())
const many = (count, make) => Array.from({ length: count }, make)

/** Requests on that many connections at a time. A turn is a request. */
const requests = (connections, path, end) => async (port) => {
  const clients = many(connections, () => new Client(port))
  const run = (count) => Promise.all(clients.map(async (client) => {
    for (let i = 0; i < count / connections; i++) await client.get(path, end)
  }))
  return { run, stop: closeAll(clients) }
}

/** One stream that has an event now and then. A turn is an event. */
async function oneStream (port) {
  const client = new Client(port)
  client.ask('/events?interval=10')
  await client.expect(EVENT)
  return { run: (count) => client.expect(EVENT, count), stop: closeAll([client]) }
}

/** That many streams that have an event at the same time. A turn is an event of one of them. */
const streamsTogether = (streams) => async (port) => {
  const clients = many(streams, () => new Client(port))
  for (const client of clients) await client.get('/together', EVENT)
  const teller = new Client(port)
  const run = async (count) => {
    for (let i = 0; i < count / streams; i++) {
      const all = clients.map((client) => client.expect(EVENT))
      await teller.get('/tell', GREETING)
      await Promise.all(all)
      await sleep(5) // so that all sleep
    }
  }
  return { run, stop: closeAll([...clients, teller]) }
}

/** Messages on that many WebSockets at a time. A turn is a message there and back. */
const messages = (sockets) => async (port) => {
  const all = many(sockets, () => new WebSocket(`ws://127.0.0.1:${port}/`,
    { perMessageDeflate: false }))
  await Promise.all(all.map((socket) => once(socket, 'open')))
  const run = (count) => Promise.all(all.map(async (socket) => {
    for (let i = 0; i < count / sockets; i++) {
      const answer = once(socket, 'message')
      socket.send('Hello')
      await answer
    }
  }))
  return { run, stop: () => all.forEach((socket) => socket.terminate()) }
}

/** Where one waits for the other, the number of calls hardly varies; with many it is chance. */
const ALONE = 0.12
const TOGETHER = 0.4

/**
 * `tolerance`: the part of its budget by which a count may exceed it.
 * @type {{ [name: string]: {
 *   start: (port: number) => Promise<any>, count: number, tolerance: number } }}
 */
export const loads = {
  'a request, one at a time': { start: requests(1, '/', GREETING), count: 100, tolerance: ALONE },
  'a request, 64 at a time':
    { start: requests(64, '/', GREETING), count: 1280, tolerance: TOGETHER },
  'a small file': { start: requests(1, '/file', GREETING), count: 100, tolerance: ALONE },
  'an event of one stream': { start: oneStream, count: 50, tolerance: ALONE },
  'an event, 64 streams at a time':
    { start: streamsTogether(64), count: 1280, tolerance: TOGETHER },
  'a download of 1 MiB':
    { start: requests(1, '/download', LAST_CHUNK), count: 20, tolerance: TOGETHER },
  'a message, one at a time': { start: messages(1), count: 100, tolerance: ALONE },
  'a message, 64 at a time': { start: messages(64), count: 1280, tolerance: TOGETHER }
}
