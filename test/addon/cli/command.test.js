import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { defineCommand, readFlags } from '../../../addon/lib/cli/command.js'
import { parseOptions } from '../../../addon/lib/options.js'

describe('defineCommand', () => {
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
      const { description } = defineCommand('serve').options.find(({ long }) => long === flag)
      assert(description.endsWith(`(default: ${value})`), `${flag}: ${description}`)
    }
  })

  it('has a short help that fits on a terminal, and names the long one', () => {
    for (const name of ['serve', 'types']) {
      const command = defineCommand(name, true).configureOutput({ getOutHelpWidth: () => 80 })
      let text = ''
      command.configureOutput({ writeOut: (part) => { text += part } }).outputHelp()
      const lines = text.trimEnd().split('\n')
      // The last line of 24 is for the prompt.
      assert(lines.length <= 23, `${name}: ${lines.length} lines\n${text}`)
      for (const line of lines) assert(line.length <= 80, line)
      assert.match(text, /--help-all/)
    }
  })
})

describe('readFlags', () => {
  it('takes a flag that was given without a value, or undone, before', () => {
    for (const before of ['--reload-poll', '--no-reload-poll']) {
      const { given } = readFlags('serve', [before, '--reload-poll', '200'])
      const [[, value]] = [...given].filter(([{ flag }]) => flag === '--reload-poll')
      assert.deepEqual(value, ['200'], before)
    }
  })
})
