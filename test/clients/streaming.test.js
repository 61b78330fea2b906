/** The example that streams tokens to the browser, in a browser. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'

import WebSocket from 'ws'

import { chromium, withoutBrowser } from '../support/chromium.js'
import { eventually } from '../support/harness.js'
import { skip } from './installed.js'
import { Project } from './project.js'

const ANSWER = /^You said: hi\. This answer was made in Python, token by token\. $/

describe('examples/streaming-tokens', { skip, timeout: 120_000 }, () => {
  /** @type {Project} */
  let project
  let server
  let url
  before(async () => {
    project = await Project.create('streaming-tokens')
    server = project.start('streaming-tokens', ['node', 'server.js'], { PORT: '0' })
    url = await server.find(/http:\S+/)
  })
  after(async () => {
    await server.stop()
    project.remove()
  })

  it('streams one event for each token', async () => {
    const response = await fetch(`${url}api/generate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ prompt: 'hi' })
    })
    assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
    const { EventSourceParserStream } = await import('eventsource-parser/stream')
    const tokens = []
    for await (const { event, data } of response.body
      .pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())) {
      if (event === 'token') tokens.push(JSON.parse(data))
    }
    assert.match(tokens.join(''), ANSWER)
    assert(tokens.length > 5)
  })

  it('shows the answer in a browser', { skip: withoutBrowser }, async () => {
    const browser = spawn(chromium, [
      '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
      '--no-first-run', '--disable-extensions', '--remote-debugging-port=0',
      `--user-data-dir=${join(project.folder, 'profile')}`, new URL('?prompt=hi', url).href
    ], { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
    const ended = once(browser, 'exit')
    try {
      const { port } = new URL(await debuggerOf(browser))
      await eventually(async () => {
        assert.match(await evaluate(port, "document.getElementById('answer').textContent"), ANSWER)
      }, 60_000)
    } finally {
      // The browser's child processes are in its process group.
      process.kill(-browser.pid, 'SIGKILL')
      await ended
    }
  })
})

/** The address at which the browser can be controlled. */
async function debuggerOf (browser) {
  for await (const line of createInterface(browser.stderr)) {
    const found = /^DevTools listening on (\S+)/.exec(line)
    if (found !== null) {
      browser.stderr.resume()
      return found[1]
    }
  }
  throw new Error('the browser ended')
}

/** What an expression is worth in the page. */
async function evaluate (port, expression) {
  const targets = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()
  const page = targets.find(({ type }) => type === 'page')
  const socket = new WebSocket(page.webSocketDebuggerUrl)
  try {
    await once(socket, 'open')
    socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression } }))
    const [message] = await once(socket, 'message')
    return String(JSON.parse(message).result.result.value)
  } finally {
    socket.terminate()
  }
}
