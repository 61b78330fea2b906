import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { PythonHandler } from '../../../addon/lib/handler.js'
import { parseOptions } from '../../../addon/lib/options.js'
import { Launcher } from '../../../addon/lib/supervisor/launcher.js'
import { createFake, createLog, settle } from '../../support/fake-binding.js'
import { Failing, exhausted, slowly, stayAlive } from '../../support/fake-handler.js'

/**
 * @param {Parameters<typeof createFake>[0]} [behaviour]
 * @param {object} [more] options
 */
function begun (behaviour, more) {
  const fake = createFake(behaviour)
  const options = {
    docroot: import.meta.dirname, workers: 1, logger: createLog(), timeouts: { kill: 200 }, ...more
  }
  const launcher = new Launcher(parseOptions(options), fake)
  return { fake, options, launcher }
}

test('a handler takes the fork server that was started ahead, with its reports', async (t) => {
  const { fake, options, launcher } = begun({
    startServer (server) {
      server.child.stdout.write('early\n')
      server.ready()
    }
  })
  launcher.begin()
  await settle()
  assert.equal(fake.servers.length, 1)
  assert.equal(fake.workers.length, 0)
  const python = new PythonHandler(options, { launcher })
  t.after(() => python.close())
  await python.ready
  assert.equal((await python.handleRequest({ url: '/' })).status, 200)
  assert.equal(fake.servers.length, 1)
  assert.equal(fake.workers.length, 1)
  assert.match(options.logger.lines.join('\n'), /early/)
  await launcher.close()
  await python.handleRequest({ url: '/' })
})

test('a fork server that ended before there was a handler is replaced', async (t) => {
  const { fake, options, launcher } = begun({
    startServer (server) { fake.servers.length === 1 ? server.exit(3) : server.ready() }
  }, { restart: { min: 1, max: 1 } })
  stayAlive(t)
  launcher.begin()
  await settle()
  const python = new PythonHandler(options, { launcher })
  t.after(() => python.close())
  await python.ready
  assert.equal(fake.servers.length, 2)
})

test('each further generation gets a fork server of its own', async (t) => {
  const { fake, options, launcher } = begun()
  launcher.begin()
  const python = new PythonHandler(options, { launcher })
  t.after(() => python.close())
  await python.ready
  await python.reload()
  assert.equal(fake.servers.length, 2)
})

test('a handler without a first worker does not try that fork server again', async (t) => {
  const { fake, options, launcher } = begun({}, { restart: slowly })
  launcher.begin()
  const { Channel } = fake.binding
  fake.binding.Channel = Failing
  const python = new PythonHandler(options, { launcher })
  t.after(() => python.close())
  await assert.rejects(python.ready, { message: new RegExp(exhausted().message) })
  fake.binding.Channel = Channel
  await python.reload()
  assert.equal(fake.servers.length, 2)
})

test('a fork server that nobody took is ended', async () => {
  const { fake, launcher } = begun()
  launcher.begin()
  await settle()
  await launcher.close()
  assert.ok(fake.servers[0].gone)
  await launcher.close()
})

test('a link to a release that is switched after Python has started is followed', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'launcher-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const docroot = join(folder, 'current')
  for (const name of ['1', '2']) mkdirSync(join(folder, name))
  symlinkSync('1', docroot)
  const { fake, options, launcher } = begun({}, { docroot })
  launcher.begin()
  rmSync(docroot)
  symlinkSync('2', docroot)
  const python = new PythonHandler(options, { launcher })
  t.after(() => python.close())
  await python.ready
  assert.equal(fake.servers.length, 2)
  assert.ok(fake.servers[0].gone)
})

test('nothing is preloaded while files change', async () => {
  for (const [preload, servers] of [[false, 1], [true, 0], [['json'], 0]]) {
    const { fake, launcher } = begun({}, { preload })
    launcher.beginReload()
    launcher.beginReload()
    assert.equal(fake.servers.length, servers)
    await launcher.close()
  }
})
