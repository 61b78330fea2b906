/** examples/observability, started as its README says. */

import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from
  'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'

import { Run } from '../support/run.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const HERE = join(ROOT, 'test/observability')
const EXAMPLE = join(ROOT, 'examples/observability')

const isInstalled = existsSync(join(HERE, 'node_modules/.node-asgi-stamp')) &&
  existsSync(join(HERE, '.venv/installed'))
const skip = !isInstalled && 'run `bash test/observability/setup.sh` first'

it('the example prints spans and shows metrics', { skip, timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'node-asgi-observability-'))
  try {
    cpSync(EXAMPLE, folder, { recursive: true })
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync(ROOT, join(folder, 'node_modules/node-asgi'))
    symlinkSync(join(HERE, 'node_modules/@opentelemetry'),
      join(folder, 'node_modules/@opentelemetry'))
    const run = new Run(['main:app', '--port', '0', '--workers', '1', '--metrics', '0',
      '--python', join(HERE, '.venv/bin/python')],
    { NODE_OPTIONS: '--import ./tracing.mjs', OTEL_BSP_SCHEDULE_DELAY: '100' }, folder)
    const port = await run.port()
    const response = await fetch(`http://127.0.0.1:${port}/hello/ada`)
    assert.deepEqual(await response.json(), { hello: 'ada' })
    await run.match('stdout', /'url.path': '\/hello\/ada'/)
    const [, url] = await run.match('stderr', /(http:\S+\/metrics)/)
    assert.match(await (await fetch(url)).text(), /node_asgi_requests_total/)
    run.child.kill('SIGTERM')
    assert.equal(await run.closed, 0)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it('the guide shows the same file as the example', () => {
  const guide = readFileSync(join(ROOT, 'docs/observability.md'), 'utf8')
  const [, ...lines] = readFileSync(join(EXAMPLE, 'tracing.mjs'), 'utf8').split('\n')
  assert.ok(guide.includes(`// tracing.mjs\n${lines.join('\n')}`))
})
