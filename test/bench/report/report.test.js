import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  facts, isMet, median, percentile, plusMinus, ratio, spread, table, targetTable
} from '../../../bench/support/report/report.js'

test('the median of an even count lies between the two middle values', () => {
  assert.equal(median([3, 1, 2]), 2)
  assert.equal(median([4, 1, 2, 3]), 2.5)
})

test('spread is half the range, divided by the median', () => {
  assert.equal(spread([90, 100, 110]), 0.1)
  assert.equal(plusMinus([90, 100, 110]), '±10%')
  assert.equal(spread([0, 0]), 0)
})

test('a percentile is one of the samples, at most the last', () => {
  assert.equal(percentile([1, 2, 3, 4], 0.5), 3)
  assert.equal(percentile([1, 2, 3, 4], 1), 4)
})

test('a ratio is taken per round, so that a round that is slow for both does not count', () => {
  assert.equal(ratio([10, 100, 30], [5, 50, 10]), 2)
})

test('a table is Markdown with text aligned left and numbers right', () => {
  const rows = [['a', 1000, 'yes'], ['long one', 20, 'NO']]
  assert.equal(table(['server', 'requests/s', 'met'], rows),
    '| server   | requests/s | met |\n' +
    '| -------- | ---------: | --- |\n' +
    '| a        |       1000 | yes |\n' +
    '| long one |         20 | NO  |')
})

test('a target is met, missed or not measured', () => {
  assert.equal(isMet({ what: '', value: 2, atLeast: 2 }), true)
  assert.equal(isMet({ what: '', value: 2.01, atMost: 2 }), false)
  assert.equal(isMet({ what: '', value: NaN, atLeast: 2 }), false)
  assert.equal(isMet({ what: '', value: null, atLeast: -1 }), false)
  const rows = targetTable([
    { what: 'a', value: 1.2345, atLeast: 1.1, unit: '×' },
    { what: 'b', value: 7, atMost: 5, unit: 'ms' },
    { what: 'c', value: NaN, atLeast: 1 }
  ]).split('\n').slice(2).map(row => row.split('|').slice(1, -1).map(cell => cell.trim()))
  assert.deepEqual(rows, [
    ['a', '>= 1.1 ×', '1.23 ×', 'yes'],
    ['b', '<= 5 ms', '7 ms', 'NO'],
    ['c', '>= 1', 'not measured', '–']
  ])
})

test('a page names the machine, its load and the versions', () => {
  const machine = {
    cpu: 'a CPU', cores: 2, memory: 2 ** 32, kernel: '6.1', loadBefore: 1.234, node: 'v20.1.0'
  }
  assert.equal(facts({ date: 'today', machine, versions: { uvicorn: '1.2' } }),
    'today; 2 cores of a CPU, 4 GiB, Linux 6.1, load average 1.23 in the minute before; ' +
    'node 20.1.0, uvicorn 1.2')
})
