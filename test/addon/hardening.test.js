// What makes a memory error in the native binaries harder to exploit, as the linker has left it.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

import { workerModule } from '../../addon/lib/binding.js'

const BUILD = new URL('.', new URL(`file://${workerModule()}`))
const BINARIES = ['node_asgi.node', '_worker.abi3.so']

const readelf = (option, name) => execFileSync('readelf',
  ['--wide', option, fileURLToPath(new URL(name, BUILD))], { encoding: 'utf8' })

for (const name of BINARIES) {
  describe(name, () => {
    it('has no segment that can be both written and executed, such as the stack', () => {
      const segments = readelf('--program-headers', name)
      assert.match(segments, /GNU_STACK .* RW +0x/)
      assert.doesNotMatch(segments, /\b(RWE|WE)\b/)
    })

    it('can be loaded at any address, and has no relocations of code', () => {
      assert.match(readelf('--file-header', name), /Type: +DYN/)
      assert.doesNotMatch(readelf('--dynamic', name), /TEXTREL/)
    })

    it('binds all symbols when it is loaded, and makes their table read-only', () => {
      assert.match(readelf('--dynamic', name), /BIND_NOW/)
      assert.match(readelf('--program-headers', name), /GNU_RELRO/)
    })

    it('checks the stack of functions', () => {
      assert.match(readelf('--dyn-syms', name), /__stack_chk_fail/)
    })

    it('looks for no library where the build was', () => {
      assert.doesNotMatch(readelf('--dynamic', name), /R(UN)?PATH/)
    })
  })
}

// Few calls need a check at run time, so the binaries do not show it.
it('every source is compiled with the checks of FORTIFY', () => {
  const commands = JSON.parse(readFileSync(new URL('compile_commands.json', BUILD), 'utf8'))
  const sources = commands.filter(({ file }) => /\/(addon|worker|common)\//.test(file) &&
    !file.includes('/test/'))
  assert(sources.length > 30)
  const isDebug = BUILD.pathname.endsWith('/dev/')
  for (const { file, command } of sources) {
    assert.match(command, /-fstack-protector-strong/, file)
    if (!isDebug) assert.match(command, /-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3/, file)
  }
})
