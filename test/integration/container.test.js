/** The command of examples/container, as process 1 of what Docker would run. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { container, firstProcess, hasContainers } from '../support/container.js'
import { EXAMPLES } from '../support/example.js'
import { APPS, LIMIT } from '../support/harness.js'
import { NOBODY, PYTHON } from '../support/unprivileged.js'

const COMMAND = fileURLToPath(new URL('../../addon/bin/node-asgi.js', import.meta.url))

const [file, ...args] = container(NOBODY)
const skip = !hasContainers() && 'needs root to unshare'

test('the command of the Dockerfile serves and stops', { timeout: LIMIT, skip }, async () => {
  const dockerfile = readFileSync(join(EXAMPLES, 'container/Dockerfile'), 'utf8')
  const [node, program, ...options] = JSON.parse(/^CMD (.*)$/m.exec(dockerfile)[1])
  assert.deepEqual([node, program], ['node', 'node_modules/.bin/node-asgi'])
  const port = options.lastIndexOf('8000')
  options[port] = '0'

  const child = spawn(file, [...args, process.execPath, COMMAND, ...options,
    '--workers', '2', '--python', PYTHON], { cwd: APPS, stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  try {
    let url
    for await (const line of createInterface(child.stdout)) {
      url = /http:\S+/.exec(line)?.[0]
      if (url !== undefined) break
    }
    assert.equal((await fetch(url.replace('0.0.0.0', '127.0.0.1'))).status, 200)
    process.kill(firstProcess(child), 'SIGTERM')
    assert.deepEqual(await closed, [0, null])
  } finally {
    if (child.exitCode === null) process.kill(firstProcess(child), 'SIGKILL')
  }
})

test('node-asgi check misses nothing there', { timeout: LIMIT, skip }, async () => {
  const check = spawn(file, [...args, process.execPath, COMMAND, 'check', 'main:app', '--port', '0',
    '--workers', '1', '--python', PYTHON], { cwd: APPS, stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(check, 'close')
  const output = (await check.stdout.setEncoding('utf8').toArray()).join('')
  assert.deepEqual(await closed, [0, null], output)
  assert.doesNotMatch(output, /^[!✗]/m)
})
