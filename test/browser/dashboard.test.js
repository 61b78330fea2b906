/** The page of the dashboard in a real browser, as those who use it every day see it. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import { after, before, test } from 'node:test'

import { PythonHandler } from '../../addon/lib/index.js'
import { startBrowser } from '../support/browser.js'
import { withoutBrowser as skip } from '../support/chromium.js'
import { APPS, VENV_PYTHON } from '../support/harness.js'

let browser

before(async () => { if (!skip) browser = await startBrowser() })
after(() => browser?.close())

/** Opens the dashboard of an app in a browser. */
function pageTest (name, options, use) {
  test(name, { skip, timeout: 120_000 }, async () => {
    const python = new PythonHandler({
      docroot: APPS,
      appTarget: 'dashboard_app:app',
      workers: 1,
      python: VENV_PYTHON,
      logger: false,
      ...options
    })
    const { page } = browser
    const server = http.createServer(python.dashboard)
    try {
      await once(server.listen(0, '127.0.0.1'), 'listening')
      await python.ready.catch(() => {})
      await page.look({ width: 1280 })
      await page.goto(`http://127.0.0.1:${server.address().port}/`)
      await page.until('document.querySelector("#state").textContent !== "connecting"')
      await use({ page, python, server })
      assert.deepEqual(page.errors, [], 'the policy of the page was violated, or it has thrown')
    } finally {
      await page.goto('about:blank')
      page.errors.length = 0
      server.closeAllConnections()
      server.close()
      await python.close({ timeout: 500 })
    }
  })
}

const text = (page, selector) =>
  page.evaluate(`document.querySelector(${JSON.stringify(selector)})?.innerText`)

pageTest('a path and a traceback with HTML in them were a way into the page', {},
  async ({ page, python }) => {
    const path = '/wait/<img src=x onerror="window.hacked = true">'
    python.handleRequest({ url: encodeURI(path) }).catch(() => {})
    python.handleRequest({ url: '/wait/%3Cscript%3Ewindow.hacked=true%3C/script%3E' })
      .catch(() => {})
    await python.handleRequest({ url: '/fail' }).catch(() => {})
    await page.until('document.querySelectorAll("#running tbody tr").length === 2')
    await page.until('document.querySelector("#failures .what") !== null')
    assert.match(await text(page, '#failures .what'), /^ValueError: <script>$/)
    await page.evaluate('document.querySelector("#failures details").open = true')
    await page.until('document.querySelector("#failures .stack") !== null')
    await page.evaluate('document.querySelector("#running button").click()')
    await page.until('document.querySelector("#stack-body .stack") !== null')
    assert.match(await text(page, '#stack-body'), /in innermost/)
    assert.match(await text(page, '#stack-about'), /^The request waits at the last line/)
    assert.equal(await page.evaluate('window.hacked'), undefined)
    assert.equal(await page.evaluate('document.querySelectorAll("main img, main script").length'),
      0)
  })

const addresses = Array.from({ length: 2 }, (_, i) => `http://127.0.0.1:${i + 1}`)

pageTest('the errors of an endpoint were outside the screen of a phone', { remote: addresses },
  async ({ page }) => {
    const rows = '[...document.querySelectorAll("#endpoints tbody tr")]'
    await page.until(`${rows}.filter((row) => /refuses/.test(row.innerText)).length === 2`)
    await page.look({ width: 360, height: 740 })
    assert.deepEqual(
      await page.evaluate(`${rows}.map((row) => row.querySelector("th").innerText)`), addresses)
    const part = 'document.querySelector("#endpoints-part .scroll")'
    assert.ok(await page.evaluate(`${part}.scrollWidth <= ${part}.clientWidth`))
    assert.equal(await page.evaluate('document.querySelector("#reload").hidden'), true)
  })

pageTest('it is used with the keyboard', {}, async ({ page, python }) => {
  python.handleRequest({ url: '/wait' }).catch(() => {})
  await page.until('document.querySelector("#running button") !== null')
  const focused = () => page.evaluate(`(() => {
    const { innerText, ariaLabel, id } = document.activeElement
    return ariaLabel ?? (innerText || id)
  })()`)
  const tabTo = async (name) => {
    for (let i = 0; i < 30; i++) {
      await page.press('Tab')
      if (await focused() === name) return
    }
    assert.fail(`the key Tab does not lead to ${name}`)
  }
  await page.press('Tab')
  assert.equal(await focused(), 'Skip to the content')
  await tabTo('Stack of GET /wait')
  assert.ok(await page.evaluate('document.activeElement.matches(":focus-visible")'))
  await page.press('Enter')
  await page.until('document.querySelector("#stack").open')
  await page.until('document.querySelector("#stack-body .stack") !== null')
  await page.press('Escape')
  assert.equal(await page.evaluate('document.querySelector("#stack").open'), false)
  // While the lists change every second.
  await new Promise((resolve) => setTimeout(resolve, 2200))
  assert.equal(await focused(), 'Stack of GET /wait')
})

pageTest('the buttons reload the application and replace a worker', {},
  async ({ page, python }) => {
    await page.evaluate('document.querySelector("#reload").click()')
    await page.until('/^Reloaded in/.test(document.querySelector("#timeline span")?.textContent)')
    assert.equal(await text(page, '#news'), 'The application has been reloaded.')
    await page.until('document.querySelector("#workers th[scope=row]").textContent === "2"')
    const recycled = once(python, 'worker:recycle')
    await page.evaluate('document.querySelector("#workers button").click()')
    await recycled
    await page.until('document.querySelector("#workers th[scope=row]").textContent === "3"')
    assert.equal(python.stats().reloads, 1)
  })

pageTest('a screen reader finds its way', {}, async ({ page, python }) => {
  python.handleRequest({ url: '/wait' }).catch(() => {})
  for (let i = 0; i < 20; i++) await python.handleRequest({ url: `/${i}` })
  await page.until('document.querySelectorAll("#routes tbody tr").length > 0')
  await page.until('document.querySelector("#running button") !== null')
  await page.until('/requests per second/i.test(document.querySelector(".plot").ariaLabel)')
  const nodes = await page.accessibility()
  const names = (role) => nodes.filter((node) => node.role === role).map(({ name }) => name)
  assert.deepEqual(names('main').length, 1)
  assert.deepEqual(names('banner').length, 1)
  assert.deepEqual(names('heading').slice(1), ['Now', 'Last five minutes',
    'Running now for a second or longer 1 of 1 request', 'Workers', 'Recent failures',
    'Slowest routes last five minutes', 'Events'])
  assert.equal(names('table').length, 3)
  assert.ok(names('columnheader').every((name) => name !== ''), 'a column without a name')
  assert.ok(names('rowheader').includes('GET /wait'))
  for (const role of ['button', 'img', 'image', 'region']) {
    assert.ok(names(role).every((name) => name !== ''), `a ${role} without a name`)
  }
  const charts = nodes.filter(({ role }) => role === 'img' || role === 'image')
  assert.equal(charts.length, 3)
  assert.match(charts[0].name, /^Requests per second in the last five minutes: at most \d+\/s/)
  // What changes every second is not read out.
  assert.equal(await page.evaluate(
    'document.querySelectorAll("[aria-live], [role=status], [role=alert]").length'), 2)
  assert.equal(await page.evaluate(
    'document.querySelectorAll("main [aria-live], main [role=status]").length'), 0)
})

pageTest('it fits a phone, whatever is shown', { workers: 2 }, async ({ page, python }) => {
  python.handleRequest({ url: `/wait/${'x'.repeat(500)}` }).catch(() => {})
  await python.handleRequest({ url: '/fail' }).catch(() => {})
  await page.look({ width: 360, height: 740, dark: true })
  await page.until('document.querySelector("#running button") !== null')
  await page.until('document.querySelector(".plot canvas").clientWidth < 360')
  assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'))
  for (const id of ['running', 'workers']) {
    assert.ok(await page.evaluate(
      `document.querySelector("#${id} button").getBoundingClientRect().right <= innerWidth`), id)
  }
  assert.notEqual(await page.evaluate('getComputedStyle(document.body).backgroundColor'),
    'rgb(246, 247, 249)')
})

pageTest('what is empty says so, and a lost connection too', {},
  async ({ page, python, server }) => {
    await page.until('!document.querySelector("#failures").nextElementSibling.hidden')
    const empty = await page.evaluate(
      '[...document.querySelectorAll(".empty:not([hidden])")].map((each) => each.textContent)')
    assert.deepEqual(empty, ['No request has been running for a second or longer.',
      'Nothing has failed.', 'There have been no requests.',
      'No worker has failed, and nothing has been reloaded.'])
    assert.equal(await text(page, '#problem'), '')
    server.closeAllConnections()
    server.close()
    await page.until('document.body.classList.contains("stale")')
    assert.match(await text(page, '#problem'), /^The connection to Node is lost/)
    page.errors.length = 0 // the browser reports each attempt
  })

pageTest('a pool that has failed says why', { appTarget: 'raise_at_import_app:app' },
  async ({ page }) => {
    await page.until('document.querySelector("#state").textContent === "failed"')
    assert.match(await text(page, '#problem'), /No worker can be started.*DATABASE_URL is not set/s)
    assert.doesNotMatch(await text(page, '#problem'), /Traceback/)
    assert.equal(await text(page, '#ready'), '0 of 1')
    await page.until('document.querySelector("#failures .what") !== null')
  })
