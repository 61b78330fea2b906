/** How what Python prints and logs reaches the logger of the user. */

import assert from 'node:assert/strict'

import { eventually, leakTest, startPython } from '../support/harness.js'

/** A logger that records entries with the bindings of its children, as pino writes them. */
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

leakTest('a structured logger gets level, worker, pid, and a traceback as one entry', async () => {
  const entries = []
  const python = startPython({ appTarget: 'logging_app:app', logger: structured(entries) })
  const errors = []
  python.on('log:error', (...details) => errors.push(details))
  await python.ready
  const [{ pid }] = python.stats().workers
  for (const url of ['/print', '/warning', '/error', '/configured']) {
    await python.handleRequest({ url })
  }
  await eventually(() => assert.equal(entries.length, 6))
  assert.deepEqual(errors.map(([text, source]) => [text.split('\n')[0], source]),
    [['it failed', { worker: 1, pid }]])
  for (const entry of entries) assert.deepEqual([entry.worker, entry.pid], [1, pid])
  const found = (text) => entries.find((entry) => entry.text.includes(text))
  const texts = ['a line on stdout', 'a line on stderr', 'careful 1', 'it failed', 'in detail',
    'for information']
  assert.deepEqual(texts.map((text) => found(text)?.level),
    ['info', 'warn', 'warn', 'error', 'debug', 'info'])
  assert.match(found('it failed').text, /^it failed\nTraceback .*\n(.*\n)+KeyError: 'missing'$/)
  assert.equal(found('in detail').text, 'DEBUG:in detail', 'the format of the application is kept')
  await python.close()
})

for (const preload of [false, true]) {
  leakTest(`what is logged for uvicorn shows up at INFO, preload ${preload}`, async () => {
    const entries = []
    const python = startPython({
      appTarget: 'logging_app:app', logger: structured(entries), preload
    })
    await python.ready
    await python.handleRequest({ url: '/server' })
    await python.close()
    assert.deepEqual(entries.map(({ level, text }) => [level, text]).sort(), [
      ['info', 'INFO:     of its accesses to /server'],
      ['info', 'INFO:     of the server'],
      ['warn', 'WARNING:  of its errors']
    ])
  })
}

leakTest('a plain logger gets worker and pid as a prefix', async () => {
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

leakTest('what an application raised and printed could forge lines of the log', async () => {
  const lines = []
  const at = (text) => { lines.push(...text.split('\n')) }
  const python = startPython({
    appTarget: 'logging_app:app', logger: { debug: at, info: at, warn: at, error: at }
  })
  await python.ready
  await python.handleRequest({ url: '/forge' })
  await eventually(() => assert.equal(lines.filter((line) => line.includes('forged')).length, 3))
  for (const line of lines) {
    assert.match(line, /^(\[worker 1, pid \d+\] | {2}\|)/)
    // eslint-disable-next-line no-control-regex
    assert.doesNotMatch(line, /[\x00-\x1f]/)
  }
  await python.close()
})
