// What clients do over HTTP/1.1, well-behaved ones and others.
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import WebSocket from 'ws'

import { Failed, checkStatus, right } from './outcome.js'

const sha256 = bytes => createHash('sha256').update(bytes).digest('hex')

/**
 * @param {number} port
 * @param {() => number} random from 0 to 1
 * @param {Set<string>} acknowledged gets the ids of the notes that the application has confirmed
 * @returns {Record<string, () => Promise<void | 'left'>>}
 */
export function http1Load (port, random, acknowledged) {
  const agent = new http.Agent({ keepAlive: true })
  const below = limit => Math.floor(random() * limit)

  function request (path, { method = 'GET', headers = {} } = {}) {
    return http.request({ host: '127.0.0.1', port, path, method, headers, agent })
  }

  /** Sends a request and returns the body of its response. */
  async function fetchBody (path, options, body) {
    const sent = request(path, options)
    const response = once(sent, 'response')
    sent.end(body)
    const [message] = await response
    const chunks = await message.toArray()
    checkStatus(message.statusCode)
    return Buffer.concat(chunks)
  }

  return {
    async get () {
      right((await fetchBody('/ping')).equals(Buffer.from('pong')), 'body')
    },

    async post () {
      const id = randomUUID()
      const body = await fetchBody(`/note?id=${id}`, { method: 'POST' })
      right(body.toString() === id, 'the id of a note')
      acknowledged.add(id)
    },

    async upload () {
      const bytes = Buffer.alloc(1 + below(2_000_000), below(256))
      const headers = random() < 0.5 ? { 'content-length': bytes.length } : {}
      const sent = request('/upload', { method: 'POST', headers })
      const response = once(sent, 'response')
      response.catch(() => {})
      for (let at = 0; at < bytes.length && !sent.destroyed; at += 100_000) {
        // The response may come before the end of the upload.
        if (!sent.write(bytes.subarray(at, at + 100_000))) {
          await Promise.race([once(sent, 'drain'), response])
        }
      }
      sent.end()
      const [message] = await response
      const body = Buffer.concat(await message.toArray()).toString()
      checkStatus(message.statusCode)
      right(JSON.parse(body).sha256 === sha256(bytes), 'the hash of an upload')
    },

    async download () {
      const size = 1 + below(3_000_000)
      const body = await fetchBody(`/download?bytes=${size}`)
      right(body.length === size, 'the length of a download')
    },

    async events () {
      const count = 1 + below(20)
      const body = await fetchBody(`/events?count=${count}&ms=${below(100)}`)
      const expected = Array.from({ length: count }, (_, i) => `data: ${i}\n\n`).join('')
      right(body.toString() === expected, 'the events')
    },

    async slowReader () {
      const size = 200_000 + below(1_000_000)
      const sent = request(`/download?bytes=${size}`)
      const response = once(sent, 'response')
      sent.end()
      const [message] = await response
      let count = 0
      for await (const chunk of message) {
        count += chunk.length
        await sleep(below(20))
      }
      checkStatus(message.statusCode)
      right(count === size, 'the length of a slow download')
    },

    async leave () {
      const sent = request(`/download?bytes=${3_000_000}`)
      sent.on('error', () => {})
      sent.on('response', message => message.on('error', () => {}).resume())
      sent.end()
      await sleep(below(50))
      sent.destroy()
      return 'left'
    },

    async leaveWhileUploading () {
      const sent = request('/upload?rate=50000', { method: 'POST' })
      sent.on('error', () => {})
      sent.on('response', message => message.on('error', () => {}).resume())
      sent.write(Buffer.alloc(100_000))
      await sleep(below(100))
      sent.destroy()
      return 'left'
    },

    /** All requests of a connection at once; the responses come in their order. */
    async pipeline () {
      const count = 2 + below(20)
      const socket = connect(port, '127.0.0.1')
      const last = 'GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
      socket.write('GET /ping HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(count - 1) + last)
      const text = Buffer.concat(await socket.toArray()).toString('latin1')
      const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(match => Number(match[1]))
      for (const status of statuses) checkStatus(status)
      if (statuses.length < count) throw new Failed('a pipeline was cut')
      right(text.split('pong').length - 1 === count, 'the bodies of a pipeline')
    },

    async leavePipeline () {
      const socket = connect(port, '127.0.0.1').on('error', () => {})
      socket.write('GET /slow?ms=20 HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(200))
      await sleep(below(100))
      socket.destroy()
      return 'left'
    },

    /** The head arrives in pieces. */
    async slowClient () {
      const socket = connect(port, '127.0.0.1')
      const answer = socket.toArray()
      answer.catch(() => {})
      const text = 'POST /upload HTTP/1.1\r\nHost: x\r\nConnection: close\r\n' +
        'Content-Length: 10\r\n\r\n0123456789'
      for (let at = 0; at < text.length && !socket.destroyed; at += 8) {
        socket.write(text.slice(at, at + 8))
        await sleep(below(50))
      }
      const response = Buffer.concat(await answer).toString('latin1')
      const status = /^HTTP\/1\.1 (\d{3})/.exec(response)
      if (status === null) throw new Failed('cut before the response')
      checkStatus(Number(status[1]))
      if (isCut(response)) throw new Failed('cut within the response')
      right(response.includes(sha256(Buffer.from('0123456789'))),
        `the hash of a slow upload in ${JSON.stringify(response)}`)
    },

    async webSocket () {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/echo`)
      const ended = new Promise((resolve, reject) => {
        socket.on('close', code => reject(new Failed(`closed with ${code}`)))
        socket.on('error', error => reject(new Failed(error.message.replace(/\d+/, 'N'))))
      })
      ended.catch(() => {})
      await Promise.race([once(socket, 'open'), ended])
      try {
        for (let left = 1 + below(5); left > 0; left--) {
          const bytes = Buffer.alloc(1 + below(200_000), below(256))
          socket.send(bytes)
          const [message] = await Promise.race([once(socket, 'message'), ended])
          right(bytes.equals(message), 'an echo')
        }
      } finally {
        if (random() < 0.8) socket.close()
        else socket.terminate()
      }
    }
  }
}

/** Whether a response lacks a part of the body that its head announces. */
function isCut (/** @type {string} */ response) {
  const end = response.indexOf('\r\n\r\n')
  if (end < 0) return true
  const head = response.slice(0, end)
  const length = /^content-length: *(\d+)/im.exec(head)
  if (length !== null) return response.length - (end + 4) < Number(length[1])
  return /^transfer-encoding: *chunked/im.test(head) && !response.endsWith('\r\n0\r\n\r\n')
}
