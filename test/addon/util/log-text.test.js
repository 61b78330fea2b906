import assert from 'node:assert/strict'
import { test } from 'node:test'

import { escapeControls, logEntry } from '../../../addon/lib/util/log-text.js'

test('escape sequences reached the terminal of whoever reads the log', () => {
  assert.equal(escapeControls('a\x1b[2J\x07b\r\x9bc\x7f\0'), 'a\\x1b[2J\\x07b\\x0d\\x9bc\\x7f\\x00')
  assert.equal(escapeControls('\u202eabc\u2028'), '\\u202eabc\\u2028')
  assert.equal(escapeControls('tab\tand ümläute 日本 🙂\n'), 'tab\tand ümläute 日本 🙂\n')
})

test('a message with newlines could forge lines of others', () => {
  const entry = logEntry('KeyError: x\n[node-asgi] the server is stopping\n\nend')
  assert.equal(entry, 'KeyError: x\n  | [node-asgi] the server is stopping\n  |\n  | end')
  assert.equal(logEntry(entry), entry)
  assert.equal(logEntry('one line'), 'one line')
})
