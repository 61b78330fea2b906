import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  nameOptionsAsFlags, namesFlags, optionName, optionNames
} from '../../../addon/lib/util/option-name.js'

// One test, because the names are a setting of the whole process.
test('options are named as in a program, and as flags once these are known', () => {
  assert.equal(namesFlags(), false)
  assert.equal(optionName('timeouts.startup'), 'timeouts.startup')
  assert.equal(optionNames('workers'), 'workers')
  assert.equal(optionNames('workers', 'retry', 'maxQueue'), 'workers, retry or maxQueue')

  nameOptionsAsFlags({ 'timeouts.startup': '--timeout-startup', workers: '--workers' })
  assert.equal(namesFlags(), true)
  assert.equal(optionName('timeouts.startup'), '--timeout-startup')
  assert.equal(optionName('timeouts.kill'), 'timeouts.kill')
  assert.equal(optionNames('workers', 'retry', 'maxQueue'), '--workers')
  assert.equal(optionNames('workers', 'timeouts.startup'), '--workers or --timeout-startup')
})
