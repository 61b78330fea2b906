/** PM2 runs the files of examples/processes as the guide says. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from
  'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { freePorts } from '../docs/scene.js'

const path = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url))

let folder
let port

/** @param {...string} args */
function pm2 (...args) {
  return promisify(execFile)(path('build/process-managers/node_modules/.bin/pm2'), args, {
    cwd: folder,
    env: { ...process.env, PM2_HOME: join(folder, 'home'), VIRTUAL_ENV: path('.venv') }
  })
}

const get = async (route) => (await fetch(`http://127.0.0.1:${port}${route}`)).text()

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'node-asgi-pm2-'))
  ;[port] = await freePorts(1)
  cpSync(path('examples/processes'), folder, { recursive: true })
  for (const name of ['ecosystem.config.cjs', 'server.mjs']) {
    const text = readFileSync(join(folder, name), 'utf8')
    writeFileSync(join(folder, name), text.replace('8000', port))
  }
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(path(''), join(folder, 'node_modules/node-asgi'))
})

afterEach(async () => {
  await pm2('kill')
  rmSync(folder, { recursive: true })
})

async function start (config) {
  await pm2('start', config)
  for (let i = 0; i < 200; i++) {
    try {
      return await get('/')
    } catch {
      await sleep(50)
    }
  }
  assert.fail('it does not answer')
}

/** A request in flight is answered although PM2 stops the server. */
async function stop () {
  const answer = get('/slow')
  await sleep(300)
  await pm2('stop', 'api')
  assert.match(await answer, /^\d+$/)
  await assert.rejects(get('/'))
}

test('the command line has several processes below one of PM2', async () => {
  await start('ecosystem.config.cjs')
  const pids = new Set()
  for (let i = 0; i < 20; i++) {
    const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })
    pids.add(await answer.text())
  }
  assert.equal(pids.size, 2)
  await stop()
})

test('a server in cluster mode is reloaded without a failed request', async () => {
  await start('cluster.config.cjs')
  const before = new Set([await get('/'), await get('/')])
  const reload = { isOver: false }
  const reloaded = pm2('reload', 'api').finally(() => { reload.isOver = true })
  while (!reload.isOver) {
    const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })
    assert.equal(answer.status, 200)
    await answer.text()
  }
  await reloaded
  assert.ok(!before.has(await get('/')))
  await stop()
})
