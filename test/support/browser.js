/** Drives a headless Chromium through its debugging protocol. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import CDP from 'chrome-remote-interface'

import { chromium } from './chromium.js'

/**
 * Starts a browser.
 * @returns {Promise<{ page: Awaited<ReturnType<typeof attach>>, close: () => Promise<void> }>}
 */
export async function startBrowser () {
  const folder = mkdtempSync(join(tmpdir(), 'node-asgi-browser-'))
  const browser = spawn(chromium, [
    '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
    '--no-first-run', '--disable-extensions', '--hide-scrollbars', '--remote-debugging-port=0',
    `--user-data-dir=${join(folder, 'profile')}`, 'about:blank'
  ], { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
  const ended = once(browser, 'exit')
  const end = async () => {
    // The browser's child processes are in its process group.
    process.kill(-browser.pid, 'SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    const client = await CDP({ port: await debuggingPort(browser.stderr) })
    const close = async () => {
      await client.close()
      await end()
    }
    return { page: await attach(client), close }
  } catch (error) {
    await end()
    throw error
  }
}

async function debuggingPort (stderr) {
  for await (const line of createInterface({ input: stderr })) {
    const port = /DevTools listening on ws:\/\/[^:]+:(\d+)/.exec(line)?.[1]
    if (port === undefined) continue
    stderr.resume()
    return Number(port)
  }
  throw new Error('Chromium has ended')
}

/** @param {any} client of chrome-remote-interface */
async function attach (client) {
  const { Emulation, Input, Log, Page, Runtime, Accessibility } = client
  const errors = []
  await Promise.all([Page.enable(), Runtime.enable(), Log.enable()])
  Runtime.exceptionThrown(({ exceptionDetails }) =>
    errors.push(exceptionDetails.exception?.description ?? exceptionDetails.text))
  Log.entryAdded(({ entry }) => { if (entry.level === 'error') errors.push(entry.text) })
  const page = {
    client,
    /** What went wrong in the page, violations of its policy included. */
    errors,
    async goto (address) {
      const { errorText } = await Page.navigate({ url: address })
      if (errorText !== undefined) throw new Error(errorText)
      await Page.loadEventFired()
    },
    /** The value of an expression, or of its promise. */
    async evaluate (expression) {
      const { result, exceptionDetails } = await Runtime.evaluate(
        { expression, awaitPromise: true, returnByValue: true, userGesture: true })
      if (exceptionDetails !== undefined) {
        throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
      }
      return result.value
    },
    /** Waits until an expression is true. */
    async until (expression, limit = 20_000) {
      const end = performance.now() + limit
      while (!await page.evaluate(expression)) {
        if (performance.now() > end) throw new Error(`never true: ${expression}`)
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    },
    /** @param {{ width: number, height?: number, scale?: number, dark?: boolean }} how */
    async look ({ width, height = 900, scale = 1, dark = false }) {
      await Emulation.setDeviceMetricsOverride(
        { width, height, deviceScaleFactor: scale, mobile: width < 600 })
      await Emulation.setEmulatedMedia({
        features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }]
      })
    },
    async press (key, code = key) {
      const virtual = { Tab: 9, Enter: 13, Escape: 27 }[key]
      const text = key === 'Enter' ? '\r' : undefined
      const event = { key, code, windowsVirtualKeyCode: virtual, text }
      await Input.dispatchKeyEvent({ type: 'keyDown', ...event })
      await Input.dispatchKeyEvent({ type: 'keyUp', ...event })
    },
    async screenshot (file, whole = true) {
      const { data } = await Page.captureScreenshot(
        { format: 'png', captureBeyondViewport: whole })
      writeFileSync(file, Buffer.from(data, 'base64'))
    },
    /** The roles and names that a screen reader gets. */
    async accessibility () {
      const { nodes } = await Accessibility.getFullAXTree()
      return nodes.filter(({ ignored }) => !ignored)
        .map(({ role, name }) => ({ role: role?.value, name: name?.value ?? '' }))
    }
  }
  return page
}
