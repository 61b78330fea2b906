/** Where settings come from, as the commands see it. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'

import { SCRIPT } from '../support/run.js'

describe('the settings of node-asgi', { timeout: 60_000 }, () => {
  let folder

  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'node-asgi-settings-')) })
  afterEach(() => rmSync(folder, { recursive: true }))

  function write (name, text) {
    writeFileSync(join(folder, name), text)
  }

  function run (argv, env = {}) {
    const { PORT, HOST, WEB_CONCURRENCY, ...inherited } = process.env
    return spawnSync(process.execPath, [SCRIPT, ...argv],
      { cwd: folder, env: { ...inherited, ...env }, encoding: 'utf8' })
  }

  /** @returns {Record<string, [value: string, source: string]>} what --print-config prints */
  function config (argv, env) {
    const { stdout, stderr, status } = run([...argv, '--print-config'], env)
    assert.equal(status, 0, stderr)
    return Object.fromEntries(stdout.split('\n').filter((line) => line.startsWith('  '))
      .map((line) => line.trim().split(/ {2,}/)).map(([key, ...rest]) => [key, rest]))
  }

  it('come from the first configuration file in the working directory', () => {
    write('node-asgi.config.json', '{ "port": 1 }')
    assert.deepEqual(config([]).port, ['1', 'node-asgi.config.json'])
    write('node-asgi.config.mjs', 'export default { port: 2, workers: await 3 }')
    assert.deepEqual(config([]).port, ['2', 'node-asgi.config.mjs'])
    assert.deepEqual(config([]).workers, ['3', 'node-asgi.config.mjs'])
    write('node-asgi.config.js', 'module.exports = { port: 4 }')
    assert.deepEqual(config(['serve']).port, ['4', 'node-asgi.config.js'])
    assert.deepEqual(config(['--config', 'node-asgi.config.json']).port,
      ['1', 'node-asgi.config.json'])
    assert.deepEqual(config([], { NODE_ASGI_CONFIG: 'node-asgi.config.mjs' }).port,
      ['2', 'node-asgi.config.mjs'])
    // The file is for all commands, so it may have settings that this one has not.
    assert.equal(config(['types']).port, undefined)
  })

  it('come from TypeScript where Node can run it, and are refused where it cannot', () => {
    write('node-asgi.config.ts', 'const port: number = 5\nexport default { port }\n')
    if (process.features.typescript) {
      assert.deepEqual(config([]).port, ['5', 'node-asgi.config.ts'])
    } else {
      const { status, stderr } = run([])
      assert.equal(status, 2)
      assert.match(stderr, /node-asgi\.config\.ts.*22\.18.*JavaScript/)
    }
  })

  it('come from files with variables, which do not override what is set', () => {
    write('production.env', 'NODE_ASGI_PORT=6\nHOST="::1"\nNODE_ASGI_CONFIG=other.json\n')
    write('other.json', '{ "workers": 7 }')
    const { host, port, workers } = config(['--env-file', 'production.env'])
    assert.deepEqual([host, port, workers], [['::1', 'HOST'], ['6', 'NODE_ASGI_PORT'],
      ['7', 'other.json']])
    assert.deepEqual(config([], { NODE_ASGI_ENV_FILE: 'production.env', HOST: '::2' }).host,
      ['::2', 'HOST'])
    assert.match(run(['--env-file', 'none.env']).stderr, /none\.env/)
  })

  it('are printed without secrets', () => {
    const { stdout } = run(['--print-config', '--env', 'TOKEN=hunter2'])
    assert.match(stdout, /TOKEN=\*\*\*/)
    assert.doesNotMatch(stdout, /hunter2/)
  })

  it('are refused if their file or their name is wrong', () => {
    for (const [name, text, message] of [
      ['json', '{', /node-asgi\.config\.json/],
      ['json', '[]', /object/],
      ['mjs', 'export default { prot: 1 }', /prot.*did you mean port\?/],
      ['mjs', 'export const port = 1', /default export/],
      ['mjs', 'export default {', /`node node-asgi\.config\.mjs`/],
      ['mjs', "throw new Error('no vault')", /no vault/]
    ]) {
      write(`node-asgi.config.${name}`, text)
      const { status, stderr } = run([])
      assert.equal(status, 2)
      assert.match(stderr, message)
      rmSync(join(folder, `node-asgi.config.${name}`))
    }
    assert.match(run(['--config', 'none.json']).stderr, /none\.json/)
  })

  it('are refused if their variable has a wrong name, but not if it is no setting', () => {
    const { status, stderr } = run([], { NODE_ASGI_WORKER: '2' })
    assert.equal(status, 2)
    assert.match(stderr, /NODE_ASGI_WORKER .*did you mean NODE_ASGI_WORKERS\?/)
    config([], {
      NODE_ASGI_BUILD: 'release',
      NODE_ASGI_SERVICE_HOST: '10.0.0.1',
      NODE_ASGI_SERVICE_PORT_HTTP: '80',
      NODE_ASGI_PORT: 'tcp://10.0.0.1:80',
      NODE_ASGI_PORT_80_TCP_ADDR: '10.0.0.1'
    })
  })

  it('could not be given next to a Kubernetes service with the name node-asgi-shop', () => {
    config([], {
      NODE_ASGI_SHOP_SERVICE_HOST: '10.0.0.1',
      NODE_ASGI_SHOP_SERVICE_PORT: '80',
      NODE_ASGI_SHOP_SERVICE_PORT_HTTP: '80',
      NODE_ASGI_SHOP_PORT: 'tcp://10.0.0.1:80',
      NODE_ASGI_SHOP_PORT_80_TCP: 'tcp://10.0.0.1:80',
      NODE_ASGI_SHOP_PORT_80_TCP_PROTO: 'tcp'
    })
    assert.match(run([], { NODE_ASGI_PORTS: '80' }).stderr, /NODE_ASGI_PORTS .*NODE_ASGI_PORT\?/)
  })

  it('are named by their source in messages about values that the handler refuses', () => {
    write('node-asgi.config.json', '{ "workers": 100000 }')
    assert.match(run([]).stderr, /workers in node-asgi\.config\.json must be/)
    assert.match(run([], { NODE_ASGI_WORKERS: '100001' }).stderr, /NODE_ASGI_WORKERS must be/)
    assert.match(run(['--workers', '100002']).stderr, /--workers must be/)
    assert.match(run(['--workers', '1-100002']).stderr, /--workers must be.*1024/)
  })
})
