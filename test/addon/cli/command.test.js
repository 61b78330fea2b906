import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { defineCommand } from '../../../addon/lib/cli/command.js'
import { FLAGS } from '../../../addon/lib/cli/flags.js'
import { defaultOption, parseOptions } from '../../../addon/lib/options.js'

describe('defineCommand', () => {
  it('declares every flag that sets an option, and every one of these options exists', () => {
    const command = defineCommand()
    const flags = [...command.options.map(({ long }) => long),
      ...command.registeredArguments.map((argument) => `[${argument.name()}]`)]
    for (const [option, flag] of Object.entries(FLAGS)) {
      assert(flags.includes(flag), `${flag} is not defined`)
      assert.doesNotThrow(() => defaultOption(option))
    }
    assert.throws(() => defaultOption('timeouts.bogus'), TypeError)
    assert.throws(() => defaultOption('bogus'), TypeError)
  })

  it('sets every option whose flag is given, and no other', () => {
    // Everything else is about the server.
    const others = ['version', 'host', 'port', 'uds', 'tls-cert', 'tls-key', 'tls-ca',
      'max-header-size', 'timeout-head', 'max-connections', 'max-connections-per-address', 'reload',
      'reload-dir', 'reload-ext', 'access-log', 'log-level']
    assert.deepEqual(defineCommand().options.map(({ long }) => long).sort(),
      [...Object.values(FLAGS).filter((flag) => flag.startsWith('--')),
        ...others.map((name) => `--${name}`)].sort())
  })

  it('prints the defaults of the handler in its help', () => {
    const { timeouts, websocket, threads } = parseOptions()
    const defaults = {
      '--threads': threads,
      '--ws-max-size': websocket.maxMessage / 2 ** 20,
      '--ws-ping-interval': websocket.pingInterval / 1000,
      '--ws-ping-timeout': websocket.pingTimeout / 1000
    }
    for (const name of
      ['startup', 'request', 'hang', 'drain', 'retire', 'disconnect', 'shutdown']) {
      defaults[`--timeout-${name}`] = timeouts[name] / 1000
    }
    for (const [flag, value] of Object.entries(defaults)) {
      const { description } = defineCommand().options.find(({ long }) => long === flag)
      assert(description.endsWith(`(default: ${value})`), `${flag}: ${description}`)
    }
  })
})
