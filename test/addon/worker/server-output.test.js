import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'

import { loadBinding } from '../../../addon/lib/binding.js'
import { ServerOutput } from '../../../addon/lib/worker/server-output.js'

const { logMarks } = loadBinding()

/** @returns the output, its two sources, and the lines that have been passed on */
function capture () {
  const lines = []
  const output = new ServerOutput(logMarks, (...line) => lines.push(line))
  const sources = { stdout: new PassThrough(), stderr: new PassThrough() }
  for (const [name, stream] of Object.entries(sources)) output.capture(name, stream)
  return { output, lines, ...sources }
}

describe('ServerOutput', () => {
  it('keeps its lines until they are wanted, and then passes them on as they arrive', async () => {
    const { output, lines, stdout, stderr } = capture()
    stdout.end('one\n')
    await output.close(100)
    assert.deepEqual(lines, [])
    output.live = true
    output.flush()
    assert.deepEqual(lines, [['stdout', 'one', null]])
    output.flush()
    assert.equal(lines.length, 1)
    stderr.destroy()
  })

  it('gives the last 50 lines of stderr to the error, and the rest to the log', async () => {
    const { output, lines, stdout, stderr } = capture()
    stderr.end(Array.from({ length: 60 }, (_, i) => `line ${i}\n`).join(''))
    await output.close(100)
    stdout.destroy()
    const printed = output.takeErrors()
    assert.equal(printed.length, 50)
    assert.equal(printed.at(-1), 'line 59')
    output.flush()
    assert.deepEqual(lines, [])
  })
})
