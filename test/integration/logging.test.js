/** What Python prints and logs, on its way to the logger of the user. */

import assert from 'node:assert/strict'

import { eventually, leakTest, startPython } from '../support/harness.js'

/** Keeps what it gets, with the bindings of its children, as pino would write it. */
function structured (entries, bindings = {}) {
  const at = (level) => (text) => { entries.push({ level, ...bindings, text }) }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (more) => structured(entries, { ...bindings, ...more })
  }
}

leakTest('levels, worker and pid reach a structured logger, a record with its traceback as one entry', async () => {
  const entries = []
  const python = startPython({ appTarget: 'logging_app:app', logger: structured(entries) })
  await python.ready
  const [{ pid }] = python.stats().workers
  for (const url of ['/print', '/warning', '/error', '/configured']) await python.handleRequest({ url })
  await eventually(() => assert.equal(entries.length, 6))
  for (const entry of entries) assert.deepEqual([entry.worker, entry.pid], [1, pid])
  const found = (text) => entries.find((entry) => entry.text.includes(text))
  assert.deepEqual(['a line on stdout', 'a line on stderr', 'careful 1', 'it failed', 'in detail', 'for information']
    .map((text) => found(text)?.level), ['info', 'warn', 'warn', 'error', 'debug', 'info'])
  assert.match(found('it failed').text, /^it failed\nTraceback .*\n(.*\n)+KeyError: 'missing'$/)
  assert.equal(found('in detail').text, 'DEBUG:in detail', "the application's own format")
  await python.close()
})

leakTest('a plain logger gets the same with a prefix', async () => {
  const lines = []
  const at = (level) => (text) => { lines.push(`${level} ${text}`) }
  const python = startPython({
    appTarget: 'logging_app:app',
    logger: { info: at('info'), warn: at('warn'), error: at('error') }
  })
  await python.ready
  const [{ pid }] = python.stats().workers
  for (const url of ['/warning', '/configured']) await python.handleRequest({ url })
  await eventually(() => assert.deepEqual(lines, [
    `warn [worker 1, pid ${pid}] careful 1`,
    `info [worker 1, pid ${pid}] DEBUG:in detail`,
    `info [worker 1, pid ${pid}] INFO:for information`
  ]))
  await python.close()
})
