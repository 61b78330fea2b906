/** A small project of Vite with a Python application, in a folder of its own. */

import { once } from 'node:events'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import WebSocket from 'ws'

import pythonPlugin from '../../addon/lib/adapters/vite.js'
import { VENV_PYTHON } from './harness.js'

/** FastAPI answers an exception of a route with 500 itself, and then raises it. */
const APP = `
from fastapi import FastAPI, WebSocket

app = FastAPI()

@app.get("/version")
async def version():
    return "first"

@app.get("/raise")
async def raises():
    raise ValueError("a mistake in the route")

@app.websocket("/chat")
async def chat(websocket: WebSocket):
    await websocket.accept()
    await websocket.send_text(websocket.scope["root_path"])
    async for text in websocket.iter_text():
        await websocket.send_text(text)
`

const PAGE = '<!doctype html><html><body><h1>page of Vite</h1>' +
  '<script type="module" src="/main.js"></script></body></html>'

export class ViteProject {
  /** @type {string[]} */
  lines = []

  /** @param {any} vite the module */
  constructor (vite) {
    this.vite = vite
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), 'node-asgi-vite-')))
    this.restore()
    this.write('main.js', 'document.title = "ready"\n')
    this.write('index.html', PAGE)
  }

  /**
   * @param {string} name
   * @param {string} text
   */
  write (name, text) {
    writeFileSync(join(this.folder, name), text)
  }

  /** Puts back the application. */
  restore () {
    this.write('main.py', APP)
  }

  /** The options of a handler. */
  get python () {
    return {
      docroot: this.folder,
      workers: 1,
      python: process.env.NODE_ASGI_TEST_PYTHON ?? VENV_PYTHON
    }
  }

  /**
   * @param {any} [options] of the plugin
   * @param {any} [more] settings of Vite
   */
  config (options = {}, more = {}) {
    const keep = (/** @type {string} */ text) => { this.lines.push(text) }
    const address = { port: 0, host: '127.0.0.1' }
    return {
      root: this.folder,
      configFile: false,
      cacheDir: join(this.folder, '.vite'),
      customLogger: {
        info: keep,
        warn: keep,
        warnOnce: keep,
        error: keep,
        clearScreen () {},
        hasErrorLogged: () => false,
        hasWarned: false
      },
      plugins: [pythonPlugin({ python: this.python, ...options })],
      server: { ...address, ...more.server },
      preview: address
    }
  }

  /** Starts the server for development. */
  async start (options, more) {
    const server = await this.vite.createServer(this.config(options, more))
    await server.listen()
    return server
  }

  remove () {
    rmSync(this.folder, { recursive: true })
  }
}

/** @param {any} server of Vite, or of Node */
export function addressOf (server) {
  return `http://127.0.0.1:${(server.httpServer ?? server).address().port}`
}

/**
 * A page, as Vite sees it.
 * @param {any} server
 */
export async function openPage (server) {
  const url = addressOf(server).replace('http', 'ws')
  const socket = new WebSocket(`${url}/?token=${server.config.webSocketToken}`, 'vite-hmr')
  /** @type {any[]} */
  const received = []
  socket.on('message', (data) => received.push(JSON.parse(String(data))))
  await once(socket, 'open')
  return { received, close: () => socket.close(), errors: () => received.filter(isError) }
}

const isError = (/** @type {any} */ { type }) => type === 'error'
