/** A page in a headless browser that a test looks at, through the protocol of its DevTools. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import WebSocket from 'ws'

import { chromium } from './chromium.js'

export class BrowserPage {
  #calls = new Map()
  #last = 0

  /** @param {string} url */
  static async open (url) {
    const page = new BrowserPage()
    page.folder = mkdtempSync(join(tmpdir(), 'node-asgi-browser-'))
    page.browser = spawn(chromium, [
      '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
      '--no-first-run', '--disable-extensions', '--window-size=1000,700',
      '--remote-debugging-port=0', `--user-data-dir=${join(page.folder, 'profile')}`, url
    ], { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
    page.ended = once(page.browser, 'exit')
    await page.#connect(url)
    return page
  }

  async #connect (url) {
    const port = await this.#port()
    let target
    while (target === undefined) {
      const targets = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()
      target = targets.find((each) => each.type === 'page' && each.url.startsWith(url))
    }
    this.socket = new WebSocket(target.webSocketDebuggerUrl)
    this.socket.on('message', (text) => {
      const { id, result, error } = JSON.parse(text)
      if (id !== undefined) this.#calls.get(id)(result ?? error)
    })
    await once(this.socket, 'open')
  }

  async #port () {
    for await (const line of createInterface(this.browser.stderr)) {
      const port = /^DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1]
      if (port === undefined) continue
      this.browser.stderr.resume()
      return port
    }
    throw new Error('the browser has ended')
  }

  #call (method, params) {
    const id = ++this.#last
    this.socket.send(JSON.stringify({ id, method, params }))
    return new Promise((resolve) => this.#calls.set(id, resolve))
  }

  /** @param {string} expression of JavaScript; undefined while the page loads */
  async evaluate (expression) {
    const { result } = await this.#call('Runtime.evaluate', { expression, returnByValue: true })
    return result?.value
  }

  /** @returns {Promise<Buffer>} a PNG */
  async screenshot () {
    const { data } = await this.#call('Page.captureScreenshot', { format: 'png' })
    return Buffer.from(data, 'base64')
  }

  async close () {
    this.socket?.terminate()
    // The browser's child processes are in its process group.
    process.kill(-this.browser.pid, 'SIGKILL')
    await this.ended
    rmSync(this.folder, { recursive: true, maxRetries: 5 })
  }
}
