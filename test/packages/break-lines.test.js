import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSync } from 'rolldown/utils'

import { breakLines } from '../../scripts/package/break-lines.js'

/** The syntax tree without the positions, which differ. */
function treeOf (code) {
  const { program, errors } = parseSync('test.js', code, { sourceType: 'commonjs' })
  assert.deepEqual(errors, [])
  return JSON.stringify(program, (key, value) =>
    ['start', 'end'].includes(key) ? undefined : value)
}

const WIDE = Array.from({ length: 40 }, (_, i) => `x${i}`)

const CODES = {
  statements: WIDE.map((name) => `let ${name}=1;if(${name})f(${name});else g()`).join(';'),
  'what return returns': `function f(){return ${WIDE.join('.a,')}}`,
  'parameters of async': `async (${WIDE.join()})=>{await f(${WIDE.join()})};async x=>x`,
  'members of a class':
    `class A{${WIDE.map((name) => `#${name}=1;static async*${name}(){}`).join('')}}`,
  'objects and lists': `f({${WIDE.join()}},[${WIDE.join(',,')}])`,
  'text of templates': `f(\`${'text '.repeat(60)}\${a(${WIDE.join()})}${'text '.repeat(60)}\`)`
}

for (const [name, code] of Object.entries(CODES)) {
  test(`${name} mean the same in several lines`, () => {
    const broken = breakLines('test.js', code)
    assert.equal(treeOf(broken), treeOf(code))
    assert.ok(broken.split('\n').length > 2)
    const text = /text/.test(code) ? 800 : 250
    assert.ok(broken.split('\n').every(({ length }) => length < text), broken)
  })
}

test('code that is short stays as it is', () => {
  assert.equal(breakLines('test.js', 'let a=1;f(a)'), 'let a=1;f(a)')
})

test('what is no JavaScript is an error', () => {
  assert.throws(() => breakLines('test.js', 'let a=;'), /^Error: test.js: /)
})
