/** The examples of docs/testing.md, with the real runners. */

import assert from 'node:assert/strict'
import { readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { skip } from './installed.js'
import { Project } from './project.js'

const RUNNERS = {
  'testing-node': ['node', '--test'],
  'testing-vitest': ['vitest', 'run'],
  'testing-jest': ['jest']
}

/** Tests that close nothing: neither a handler nor the event stream that they read. */
const FORGETFUL = {
  'testing-node': {
    file: 'forgetful.test.mjs',
    head: "import { test } from 'node:test'\nimport { testPython } from 'node-asgi/testing'\n"
  },
  'testing-vitest': {
    file: 'forgetful.test.js',
    head: "import { test } from 'vitest'\nimport { testPython } from 'node-asgi/testing'\n"
  },
  'testing-jest': {
    file: 'forgetful.test.js',
    head: "const { testPython } = require('node-asgi/testing')\n"
  }
}

const APP = `
import asyncio

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200})
    while True:
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        await asyncio.sleep(0.1)
`

const BODY = `
test('forgets', async () => {
  const python = await testPython({ appTarget: 'endless:app' })
  const response = await python.fetch('/')
  await response.body.getReader().read()
  const idle = await testPython()
  console.log('pids', process.pid, ...[python, idle].map((each) => each.stats().workers[0].pid))
})
`

describe('runners', { skip, timeout: 300_000 }, () => {
  /** @type {Project} */
  let project
  before(async () => { project = await Project.create(...Object.keys(RUNNERS)) })
  after(() => project.remove())

  for (const [example, command] of Object.entries(RUNNERS)) {
    it(`examples/${example} passes`, async () => {
      const { code, output } = await project.run(example, command)
      assert.equal(code, 0, output)
      assert.match(output, /2 passed|pass 2/)
    })

    it(`a forgotten close() neither hangs ${example} nor leaks`, async () => {
      const { file, head } = FORGETFUL[example]
      const folder = join(project.folder, example)
      writeFileSync(join(folder, 'endless.py'), APP)
      writeFileSync(join(folder, file), head + BODY)
      const { code, output } = await project.run(example, [...command, file])
      assert.equal(code, 0, output)
      const end = Date.now() + 10_000
      while (processesIn(folder).length > 0) {
        assert(Date.now() < end, `left: ${processesIn(folder)}`)
        await sleep(20)
      }
    })
  }
})

/** The processes that run in a folder. */
function processesIn (folder) {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`) === folder
    } catch {
      return false // it has just ended
    }
  })
}
