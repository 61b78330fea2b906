import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { createLogger, LOG_LEVELS } from '../../../addon/lib/cli/logger.js'

describe('createLogger', () => {
  it('prints what is as severe as its level, or more', () => {
    const printed = LOG_LEVELS.map((level) => {
      let text = ''
      const logger = createLogger(level, (line) => { text += line })
      for (const name of ['error', 'warn', 'info']) logger[name](name, 1)
      return text
    })
    assert.deepEqual(printed, [
      '',
      'error 1\n',
      'error 1\nwarn 1\n',
      'error 1\nwarn 1\ninfo 1\n'
    ])
  })
})
