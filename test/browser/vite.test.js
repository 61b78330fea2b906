/** The error overlay of Vite in a real browser. Pictures go to NODE_ASGI_SCREENSHOTS, a folder. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import * as vite from 'vite'

import { startBrowser } from '../support/browser.js'
import { withoutBrowser as skip } from '../support/chromium.js'
import { eventually } from '../support/harness.js'
import { ViteProject, addressOf } from '../support/vite-project.js'

const SOON = 30_000

const OVERLAY = "document.querySelector('vite-error-overlay')?.shadowRoot.textContent ?? ''"

test('the overlay of Vite shows tracebacks, and goes when Python works again',
  { skip, timeout: 120_000 }, async () => {
    const project = new ViteProject(vite)
    const main = readFileSync(join(project.folder, 'main.py'), 'utf8')
    const server = await project.start()
    const { page, close } = await startBrowser()
    const picture = async (name) => {
      const folder = process.env.NODE_ASGI_SCREENSHOTS
      if (folder) await page.screenshot(join(folder, `${name}.png`))
    }
    try {
      await page.goto(`${addressOf(server)}/`)
      await eventually(async () =>
        assert.equal(await page.evaluate('document.title'), 'ready'), SOON)
      assert.equal(await page.evaluate(OVERLAY), '')
      await eventually(async () => {
        await page.evaluate("fetch('/api/raise').then(() => {})")
        assert.match(await page.evaluate(OVERLAY), /ValueError: a mistake in the route/)
      }, SOON)
      await picture('overlay-request')

      project.write('main.py', main.replace('@app.get', '@app.gte'))
      await eventually(async () =>
        assert.match(await page.evaluate(OVERLAY), /has no attribute 'gte'/), SOON)
      const shown = await page.evaluate(OVERLAY)
      assert.match(shown, /\[plugin:node-asgi\]/)
      assert.match(shown, /main\.py:6:1/)
      assert.match(shown, /Traceback \(most recent call last\)/)
      await picture('overlay-import')

      await page.evaluate('document.title = "old"')
      project.write('main.py', main)
      await eventually(async () => {
        assert.equal(await page.evaluate('document.title'), 'ready')
        assert.equal(await page.evaluate(OVERLAY), '')
      }, SOON)
      await picture('overlay-gone')
    } finally {
      await close()
      await server.close()
      project.remove()
    }
  })
