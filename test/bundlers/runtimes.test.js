// Other programs that run JavaScript: Jest, the oldest Node.js that we support, Bun and Deno.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'

import { folder, modules, run, skip, tool } from './installed.js'

describe('other runtimes', { skip }, () => {
  it('plain Jest could not load the package, which had ES modules only', async () => {
    const { code, output } = await run([process.execPath, tool('jest'),
      '--rootDir', folder, '--testMatch', '**/jest-case.cjs', '--moduleFileExtensions', 'cjs', 'js',
      'json', 'node', '--ci'])
    assert.equal(code, 0, output)
    assert.match(output, /1 passed/)
  })

  for (const extension of ['cjs', 'mjs']) {
    it(`Node.js 20.0 runs program.${extension}`, async () => {
      const node = join(modules, 'node-20.0/bin/node')
      assert.deepEqual(await run([node, `program.${extension}`]),
        { code: 0, output: 'status 200\n' })
    })
  }

  for (const [name, ...command] of [
    ['Bun', tool('bun'), 'program.mjs'],
    ['Deno', tool('deno'), 'run', '--allow-all', 'program.mjs']
  ]) {
    it(`${name} is refused with an error that says what to do`, async () => {
      const { code, output } = await run(command)
      assert.equal(code, 1, output)
      assert.match(output, /ERR_UNSUPPORTED_RUNTIME|node-asgi runs in Node.js, not in/)
      assert(output.includes(`not in ${name} `) && output.includes('`node`'), output)
    })
  }
})
