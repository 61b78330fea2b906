import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { parseExposition } from '../../../../addon/lib/cli/capacity/exposition.js'

describe('parseExposition', () => {
  it('reads samples, and nothing else', () => {
    assert.deepEqual(parseExposition([
      '# HELP a What it is 5',
      '# TYPE a counter',
      'a 1',
      'a{b="c"} 2.5e3 1700000000',
      'a{b="} \\" 7",c="x"} 3',
      'histogram_bucket{le="+Inf"} 4',
      'not_a_number NaN',
      '',
      'broken{b="c} 1',
      'alone'
    ].join('\n')), [
      { name: 'a', labels: '', value: 1 },
      { name: 'a', labels: '{b="c"}', value: 2500 },
      { name: 'a', labels: '{b="} \\" 7",c="x"}', value: 3 },
      { name: 'histogram_bucket', labels: '{le="+Inf"}', value: 4 }
    ])
  })

  it('takes a long broken line without delay', () => {
    assert.deepEqual(parseExposition(`a{${'"x"'.repeat(20_000)}\n${'{"'.repeat(50_000)}`), [])
  })
})
