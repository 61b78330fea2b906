/**
 * What is true of every framework that passes requests on with python.fetch(). Each example has the
 * same application, examples/hono/main.py.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'

import { eventually } from './harness.js'
import { openSocket } from './websocket.js'

/**
 * What a framework does in its own way.
 * @typedef {object} Expected
 * @property {string | null} client what Python sees as the client's address
 * @property {RegExp} [failure] what the framework answers when what RAISING adds raises
 */

/**
 * @param {string} url of the server
 * @param {Expected} expected
 */
export async function checkFetchFramework (url, { client, failure }) {
  await checkJson(url, client)
  await checkUpload(url)
  await checkClock(url)
  await checkWaitingClient(url)
  await checkAbandonedUpload(url)
  await checkUnreadBody(url)
  await checkException(url, '/api/divide/1/0', /^Internal Server Error$/)
  if (failure !== undefined) await checkException(url, '/api/raise', failure)
  await checkJson(url, client)
}

/**
 * What is added to the application. FastAPI answers exceptions of handlers itself; this one reaches
 * the framework.
 */
export const RAISING = `

inner = app


async def app(scope, receive, send):
    if scope["type"] == "http" and scope["path"] == "/api/raise":
        raise RuntimeError("raised in Python")
    await inner(scope, receive, send)
`

/** SvelteKit takes a body without a type for a form, and refuses it for that. */
const BYTES = { 'content-type': 'application/octet-stream' }

/** How many visitors Python has. */
export const visitorsOf = async (url, prefix = '/api') =>
  (await fetch(`${url}${prefix}/visitors`)).json()

/** Waits until Python has that many visitors: a task ends when its client has gone. */
const expectVisitors = (/** @type {string} */ url, /** @type {number} */ count) =>
  eventually(async () => assert.equal(await visitorsOf(url), count), 10_000)

/**
 * Sends a request, over a connection of its own.
 * @param {string} url
 * @param {import('node:http').RequestOptions} [options]
 */
function send (url, options) {
  const client = request(url, { agent: false, ...options })
  client.on('error', () => {}) // it is destroyed
  return client
}

/** Reads a response piece by piece. */
async function responseTo (client) {
  const [response] = await once(client, 'response')
  response.setEncoding('utf8').on('error', () => {})
  let text = ''
  response.on('data', (piece) => { text += piece })
  return {
    response,
    /** Waits until the body begins with a text. */
    async gets (expected) {
      while (text.length < expected.length) await once(response, 'data')
      assert.equal(text, expected)
    }
  }
}

async function checkJson (url, client) {
  const response = await fetch(`${url}/api/me`)
  assert.match(response.headers.get('content-type'), /^application\/json/)
  assert.deepEqual(await response.json(), { client })
}

/** Python reads each piece while the client still holds back the next, and so is each answered. */
async function checkUpload (url) {
  const client = send(`${url}/api/upload`, { method: 'POST', headers: BYTES })
  client.write('first')
  const { response, gets } = await responseTo(client)
  await gets('5 bytes\n')
  client.write('and second')
  await gets('5 bytes\n10 bytes\n')
  client.end()
  await once(response, 'end')
  await expectVisitors(url, 0)
}

async function checkClock (url) {
  const client = send(`${url}/api/clock`)
  client.end()
  const { gets } = await responseTo(client)
  await gets('data: tick\n\n')
  await gets('data: tick\n\n'.repeat(3))
  assert.equal(await visitorsOf(url), 1)
  client.destroy()
  await expectVisitors(url, 0)
}

/** The client leaves before the response has started. */
async function checkWaitingClient (url) {
  const client = send(`${url}/api/wait`)
  client.end()
  await expectVisitors(url, 1)
  client.destroy()
  await expectVisitors(url, 0)
}

async function checkAbandonedUpload (url) {
  const client = send(`${url}/api/upload`, { method: 'POST', headers: BYTES })
  client.write('first')
  await (await responseTo(client)).gets('5 bytes\n')
  client.destroy()
  await expectVisitors(url, 0)
}

/** Python answers without reading a body, and the client gets the answer, with both cookies. */
async function checkUnreadBody (url) {
  const body = Buffer.alloc(2_000_000)
  const response = await fetch(`${url}/api/login`, { method: 'POST', headers: BYTES, body })
  assert.equal(response.status, 200)
  assert.deepEqual(response.headers.getSetCookie().map((cookie) => cookie.split(';')[0]),
    ['session=1', 'theme=dark'])
}

/** @param {string} url */
export async function checkSocket (url) {
  const client = await openSocket(`${url.replace('http', 'ws')}/api/echo`)
  client.send('hello')
  await once(client, 'message')
  assert.deepEqual(client.received, ['hello'])
  client.close()
  await client.closed
}

async function checkException (url, path, failure) {
  const response = await fetch(url + path)
  assert.equal(response.status, 500)
  const text = await response.text()
  assert.match(text, failure)
  assert.doesNotMatch(text, /raised in Python|Traceback/)
}
