import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { createLogger, isShown, LOG_LEVELS, pythonLine } from '../../../addon/lib/cli/logger.js'

describe('createLogger', () => {
  it('prints messages that are at least as severe as its level', () => {
    const printed = LOG_LEVELS.map((level) => {
      let text = ''
      const logger = createLogger(level, (line) => { text += line })
      for (const name of ['error', 'warn', 'info', 'debug']) logger[name](name, 1)
      return text
    })
    assert.deepEqual(printed, [
      '',
      'error 1\n',
      'error 1\nwarn 1\n',
      'error 1\nwarn 1\ninfo 1\n',
      'error 1\nwarn 1\ninfo 1\ndebug 1\n'
    ])
  })
})

describe('pythonLine', () => {
  it('adds the source of a line, and its severity if that is known', () => {
    assert.equal(pythonLine('text', { worker: 2, pid: 7, level: null }), '[worker 2, pid 7] text')
    assert.equal(pythonLine('text', { worker: 0, pid: 7, level: 'warn' }),
      '[fork server, pid 7] warn: text')
  })

  it('is shown at every level, except records of logging that are less severe', () => {
    assert.equal(isShown(null, 'silent'), true)
    assert.equal(isShown('info', 'warn'), false)
    assert.equal(isShown('error', 'warn'), true)
  })
})
