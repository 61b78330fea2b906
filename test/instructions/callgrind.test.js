import assert from 'node:assert/strict'
import { test } from 'node:test'

import { costOf, parseFunctions, parseProfile, totalOf } from './callgrind.js'

// As callgrind writes it: a name only where it is first used, which may be in "cob=", and positions
// relative to the line before.
const PROFILE = `# callgrind format
version: 1
creator: callgrind-3.19.0
pid: 1234
cmd:  /usr/bin/python3 main.py
part: 2

desc: Timerange: Basic block 0 - 100
desc: Trigger: --dump-before=umask

positions: line
events: Ir
summary: 1060

ob=(1) /opt/_worker.abi3.so
fl=(1) /src/channel.cc
fn=(1) drain
10 5
+2 20
cob=(2) /lib/libc.so.6
cfi=(2) memcpy.S
cfn=(2) memcpy
calls=3 40
* 300
cfn=(3) parse
calls=1 50
-1 90
fi=(3) /src/frame.h
7 1
fe=(1)
* 4

fn=(3)
50 30
cob=(2)
cfn=(2)
calls=1 40
+1 40
cob=(3) /usr/lib/libstdc++.so.6
cfn=(4) operator new
calls=1 0
+1 500

ob=(2)
fn=(2)
40 500
ob=(3)
fn=(4)
0 500

totals: 1060
`

test('costs count for their object, those of calls for caller and callee', () => {
  const { self, calls } = parseProfile(PROFILE)
  assert.deepEqual(Object.fromEntries(self), {
    '/opt/_worker.abi3.so': 60,
    '/lib/libc.so.6': 500,
    '/usr/lib/libstdc++.so.6': 500
  })
  assert.deepEqual(Object.fromEntries(calls.get('/opt/_worker.abi3.so')), {
    '/lib/libc.so.6': 340,
    '/opt/_worker.abi3.so': 90,
    '/usr/lib/libstdc++.so.6': 500
  })
})

test('the cost of a library is its own and that of its calls into the C library', () => {
  const profile = parseProfile(PROFILE)
  assert.equal(costOf(profile, '_worker.abi3.so'), 60 + 340)
  assert.throws(() => costOf(profile, 'node_asgi.node'), /nothing of node_asgi\.node/)
})

test('the total contains every object', () => {
  assert.equal(totalOf(parseProfile(PROFILE)), 1060)
})

test('the cost of a function includes its callees', () => {
  const { total, functions } = parseFunctions(PROFILE, (name) => name === 'parse' ? 'Parse' : name)
  assert.equal(total, 1060)
  assert.deepEqual(Object.fromEntries(functions), {
    memcpy: { calls: 4, cost: 340 },
    Parse: { calls: 1, cost: 90 },
    'operator new': { calls: 1, cost: 500 }
  })
})

test('a recursive function counts once', () => {
  const profile = `ob=(1) a
fn=(1) main
cfn=(2) walk
calls=1 1
1 70
fn=(2)
2 10
cfn=(3) walk'2
calls=5 1
1 60
fn=(3)
2 60
totals: 70
`
  assert.deepEqual(Object.fromEntries(parseFunctions(profile).functions),
    { walk: { calls: 1, cost: 70 } })
})

test('an incomplete or misread profile is refused', () => {
  assert.throws(() => parseProfile(PROFILE.replace(/totals.*\n/, '')), /incomplete.*totals/)
  assert.throws(() => parseProfile(PROFILE.replace('+2 20', '+2 21')), /\b1061, not 1060/)
})
