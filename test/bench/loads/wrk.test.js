import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dependencies } from '../../../bench/support/install/debian.js'
import { parseWrk } from '../../../bench/support/loads/wrk.js'

const LINE = '{"requests":500,"bytes":1000,"micros":2000000,"p50":1500,"p99":20500,' +
  '"statusErrors":0,"timeoutErrors":0}'

test('parses the line of wrk.lua into seconds and milliseconds', () => {
  assert.deepEqual(parseWrk(`Running 1s test\n${LINE}\n`),
    { requests: 500, seconds: 2, bytes: 1000, p50: 1.5, p99: 20.5 })
})

test('errors and a run without responses throw', () => {
  assert.throws(() => parseWrk(LINE.replace('"statusErrors":0', '"statusErrors":3')),
    /"statusErrors":3/)
  assert.throws(() => parseWrk(LINE.replace('500', '0')), /no request was answered.*"requests":0/)
})

test('without that line, the error contains what wrk printed', () => {
  assert.throws(() => parseWrk('', 'unable to connect'), /unable to connect/)
})

test('of alternative dependencies, the first is taken', () => {
  const text = 'wrk\n  Depends: libc6\n |Depends: libluajit-5.1-2\n  Depends: libluajit2-5.1-2\n' +
    '  PreDepends: <virtual>\n    libother\n  Depends: libssl3\n  Suggests: lua\n'
  assert.deepEqual(dependencies(text), ['libc6', 'libluajit-5.1-2', 'libssl3'])
})
