// Load process (load-process.js) that moves bodies over HTTP/1.1. A load is { port, kind, path,
// bytes, requests, connections, processes, seconds }: `requests` bodies of `bytes` bytes on that
// many connections, down, up, or up as a file in a form. The result has the seconds, the CPU time
// and the growth of the memory of the server's processes. Sockets are used without a parser of
// HTTP, so that the client takes little of the machine.
import { once } from 'node:events'
import { cpuSecondsOfAll } from '../processes/processes.js'
import { watchMemory } from '../processes/memory.js'
import { answerLoads } from './load-process.js'
import { connectRaw } from './raw-socket.js'

const CHUNK = Buffer.alloc(256 * 1024, 'x')
const HEAD_END = '\r\n\r\n'
const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n')

/** Bytes that a socket reads at a time. */
const READ_SIZE = 256 * 1024

/** A connection on which one request follows the other. */
class Client {
  #head = ''
  /** Bytes of the body that are to come; null: it is sent in chunks. */
  #left = 0
  #tail = Buffer.alloc(0)
  #text = ''
  #received = 0
  #done = null

  constructor (port) {
    this.socket = connectRaw(port, READ_SIZE, bytes => this.#take(bytes))
    this.socket.on('close', () => this.#done?.reject(new Error('the connection was closed')))
    this.socket.on('error', error => this.#done?.reject(error))
  }

  /** Reads a response. Resolves with the number of bytes of its body and their first characters. */
  response () {
    this.#head = this.#text = ''
    this.#received = 0
    return new Promise((resolve, reject) => { this.#done = { resolve, reject } })
  }

  #take (bytes) {
    if (!this.#head.endsWith(HEAD_END)) {
      const text = this.#head + bytes.latin1Slice()
      const end = text.indexOf(HEAD_END)
      if (end < 0) {
        this.#head = text
        return
      }
      const before = this.#head.length
      this.#head = text.slice(0, end + HEAD_END.length)
      bytes = bytes.subarray(this.#head.length - before)
      const length = /^content-length: *(\d+)/im.exec(this.#head)
      this.#left = length === null ? null : Number(length[1])
    }
    this.#received += bytes.length
    if (this.#text.length < 100) this.#text += bytes.latin1Slice(0, Math.min(bytes.length, 100))
    if (this.#left === null) {
      // The end may come in pieces.
      const rest = LAST_CHUNK.length
      this.#tail = bytes.length >= rest
        ? Buffer.from(bytes.subarray(-rest))
        : Buffer.concat([this.#tail, bytes]).subarray(-rest)
      if (this.#tail.equals(LAST_CHUNK)) this.#finish()
    } else if (this.#received >= this.#left) {
      this.#finish()
    }
  }

  #finish () {
    if (!/^HTTP\/1\.1 200 /.test(this.#head)) this.#done.reject(new Error(this.#head))
    else this.#done.resolve({ bytes: this.#received, text: this.#text })
    this.#done = null
  }

  async send (piece) {
    if (!this.socket.write(piece)) await once(this.socket, 'drain')
  }
}

const KINDS = {
  async down (client, { path, bytes }) {
    const response = client.response()
    await client.send(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
    const { bytes: received } = await response
    if (received < bytes) throw new Error(`received ${received} of ${bytes} bytes`)
  },
  up: (client, { path, bytes }) =>
    upload(client, path, bytes, 'application/octet-stream', '', ''),
  multipart: (client, { path, bytes }) => upload(client, path, bytes,
    'multipart/form-data; boundary=limit',
    '--limit\r\ncontent-disposition: form-data; name="file"; filename="file"\r\n' +
      'content-type: application/octet-stream\r\n\r\n', '\r\n--limit--\r\n')
}

async function upload (client, path, bytes, type, before, after) {
  const response = client.response()
  await client.send(`POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\n` +
    `content-length: ${before.length + bytes + after.length}\r\n\r\n${before}`)
  for (let sent = 0; sent < bytes; sent += CHUNK.length) {
    await client.send(CHUNK.subarray(0, bytes - sent))
  }
  if (after !== '') await client.send(after)
  const { text } = await response
  if (!text.includes(String(bytes))) throw new Error(`the application did not receive ${bytes}`)
}

answerLoads(async load => {
  const { port, kind, requests, connections, processes: { node, python } } = load
  const clients = Array.from({ length: connections }, () => new Client(port))
  try {
    await Promise.all(clients.map(({ socket }) => once(socket, 'connect')))
    const memory = watchMemory([...node, ...python])
    const before = { node: cpuSecondsOfAll(node), python: cpuSecondsOfAll(python) }
    const started = performance.now()
    let left = requests
    await Promise.all(clients.map(async client => {
      while (left-- > 0) await KINDS[kind](client, load)
    }))
    const seconds = (performance.now() - started) / 1000
    const cpu = {
      node: cpuSecondsOfAll(node) - before.node, python: cpuSecondsOfAll(python) - before.python
    }
    return { seconds, cpu, growth: memory.stop() }
  } finally {
    for (const { socket } of clients) socket.destroy()
  }
})
