/** The example that streams tokens to the browser, in a browser. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'

import { PYTHON, skip } from './installed.js'
import { Project } from './project.js'

const ANSWER = /^You said: hi\. This answer was made in Python, token by token\. $/

/** The path of the first program found on PATH, or undefined. */
function find (...names) {
  return names.flatMap((name) => process.env.PATH.split(delimiter).map((dir) => join(dir, name)))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

const chromium = find('chromium', 'chromium-browser', 'google-chrome')

describe('examples/streaming-tokens', { skip, timeout: 120_000 }, () => {
  /** @type {Project} */
  let project
  let server
  let url
  before(async () => {
    project = await Project.create('streaming-tokens')
    server = spawn(process.execPath, ['server.js'], {
      cwd: join(project.folder, 'streaming-tokens'),
      env: { ...process.env, PORT: '0', VIRTUAL_ENV: join(PYTHON, '../..') },
      stdio: ['ignore', 'pipe', 'inherit']
    })
    const [line] = await once(createInterface(server.stdout), 'line')
    url = /http:\S+/.exec(line)[0]
  })
  after(async () => {
    server.kill('SIGINT')
    await once(server, 'close')
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

  it('shows the answer in a browser', {
    skip: chromium === undefined &&
      'Chromium is missing; install it with `apt-get install chromium`'
  }, async () => {
    const page = new URL('?prompt=hi', url)
    const browser = spawn(chromium, [
      '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
      '--no-first-run', '--disable-extensions', '--virtual-time-budget=30000', '--dump-dom',
      `--user-data-dir=${join(project.folder, 'profile')}`, page.href
    ], { stdio: ['ignore', 'pipe', 'ignore'] })
    const dom = (await browser.stdout.toArray()).join('')
    assert.match(/<p id="answer">([^<]*)<\/p>/.exec(dom)?.[1] ?? dom, ANSWER)
  })
})
