import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { defineCommand } from '../../../../addon/lib/cli/command.js'
import { isArgument, keyOf, variableOf } from '../../../../addon/lib/cli/settings/setting.js'
import { FLAGS, SETTINGS, settingsOf } from '../../../../addon/lib/cli/settings/table.js'
import { defaultOption } from '../../../../addon/lib/options.js'

describe('the table of settings', () => {
  it('names options that the handler has', () => {
    for (const option of Object.keys(FLAGS)) assert.doesNotThrow(() => defaultOption(option))
    assert.throws(() => defaultOption('timeouts.bogus'), TypeError)
    assert.throws(() => defaultOption('bogus'), TypeError)
  })

  it('sets each option of the handler with one flag, and each flag has one setting', () => {
    const options = SETTINGS.flatMap(({ option }) => option ?? [])
    assert.equal(new Set(options).size, options.length)
    for (const command of ['serve', 'types']) {
      const flags = settingsOf(command).map(({ flag }) => flag)
      assert.equal(new Set(flags).size, flags.length, flags.join())
    }
  })

  it('gives each setting a flag, a variable and a key of the same name', () => {
    const setting = SETTINGS.find(({ flag }) => flag === '--timeout-startup')
    assert.equal(keyOf(setting), 'timeoutStartup')
    assert.equal(variableOf(setting), 'NODE_ASGI_TIMEOUT_STARTUP')
    assert.equal(variableOf(SETTINGS.find(isArgument)), 'NODE_ASGI_APP')
  })

  it('describes in one line of 80 characters what the short help lists', () => {
    const serve = defineCommand('serve', true)
    const help = serve.createHelp()
    const flags = Math.max(...help.visibleOptions(serve).map(({ flags }) => flags.length))
    for (const { flag, brief } of settingsOf('serve')) {
      assert((brief ?? '').length + flags + 4 <= 80, `${flag}: ${brief}`)
    }
  })
})
