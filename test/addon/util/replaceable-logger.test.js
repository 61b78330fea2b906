import assert from 'node:assert/strict'
import { test } from 'node:test'

import { replaceableLogger } from '../../../addon/lib/util/replaceable-logger.js'

function recorder (name, lines, hasChildren = false) {
  const logger = {}
  for (const level of ['info', 'warn', 'error']) {
    logger[level] = (text) => lines.push(`${name} ${level} ${text}`)
  }
  if (hasChildren) logger.child = ({ worker }) => recorder(`${name}.${worker}`, lines)
  return logger
}

test('what is logged goes to the last logger', () => {
  const lines = []
  const { logger, replace } = replaceableLogger(recorder('a', lines))
  logger.info('1')
  replace(recorder('b', lines))
  logger.warn('2')
  assert.deepEqual(lines, ['a info 1', 'b warn 2'])
})

test('a logger without debug gets info', () => {
  const lines = []
  replaceableLogger(recorder('a', lines)).logger.debug('1')
  assert.deepEqual(lines, ['a info 1'])
})

test('children follow their parent', () => {
  const lines = []
  const { logger, replace } = replaceableLogger(recorder('a', lines, true))
  const child = logger.child({ worker: 1 })
  child.info('1')
  replace(recorder('b', lines, true))
  child.info('2')
  replace(recorder('c', lines))
  child.info('3')
  assert.deepEqual(lines, ['a.1 info 1', 'b.1 info 2', 'c info 3'])
})
