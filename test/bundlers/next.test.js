// Next.js with both of its bundlers: without configuration and with the line of docs/bundlers.md,
// as a server that can be moved (`output: 'standalone'`), and in development.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'

import { docroot, elsewhere, folder, run, skip, tool } from './installed.js'

const app = join(folder, 'next-app')
const next = tool('next')

/** Settings of next.config.mjs; the folder for the output is removed when the test ends. */
function settings (t, dist, external) {
  t.after(() => rmSync(join(app, dist), { recursive: true, force: true }))
  return { NEXT_DIST: dist, NEXT_EXTERNAL: external ? '1' : '0', NEXT_TELEMETRY_DISABLED: '1' }
}

async function freePort () {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return String(port)
}

/** Starts a server, and returns what it answers to /python. */
async function answerOf (t, args, options, port) {
  const child = spawn(process.execPath, args, {
    ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe']
  })
  const ended = once(child, 'exit')
  t.after(async () => {
    process.kill(-child.pid, 'SIGKILL')
    await ended
  })
  let output = ''
  await new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text
        if (/Ready in/.test(output)) resolve()
      })
    }
    child.once('exit', () => reject(new Error(output)))
  })
  const response = await fetch(`http://127.0.0.1:${port}/python`)
  const text = await response.text()
  assert.equal(response.status, 200, `${text}\n${output}`)
  return text
}

describe('Next.js', { skip }, () => {
  for (const [bundler, external] of [['webpack', false], ['webpack', true], ['turbopack', true]]) {
    const line = external ? 'with the line' : 'without the line'
    it(`builds a server by ${bundler} ${line}, which can be moved`, async (t) => {
      const dist = `.next-${bundler}-${Number(external)}`
      const { code, output } =
        await run([process.execPath, next, 'build', `--${bundler}`],
          { cwd: app, env: settings(t, dist, external) })
      assert.equal(code, 0, output)
      const place = elsewhere(t)
      cpSync(join(app, dist, 'standalone'), place, { recursive: true, verbatimSymlinks: true })
      const port = await freePort()
      const env = { ...process.env, DOCROOT: docroot, PORT: port, HOSTNAME: '127.0.0.1' }
      assert.equal(await answerOf(t, [join(place, 'next-app/server.js')], { env }, port),
        'status 200')
    })
  }

  it('says which line Turbopack needs', async (t) => {
    const { code, output } = await run([process.execPath, next, 'build', '--turbopack'],
      { cwd: app, env: settings(t, '.next-turbopack-0', false) })
    assert.equal(code, 1, output)
    assert(output.includes("serverExternalPackages: ['node-asgi']"), output)
  })

  for (const bundler of ['webpack', 'turbopack']) {
    it(`serves in development with ${bundler}`, async (t) => {
      const port = await freePort()
      const env = {
        ...process.env, ...settings(t, `.next-dev-${bundler}`, true), DOCROOT: docroot
      }
      assert.equal(await answerOf(t,
        [next, 'dev', `--${bundler}`, '--hostname', '127.0.0.1', '--port', port],
        { cwd: app, env }, port), 'status 200')
    })
  }
})
