import assert from 'node:assert/strict'
import { it } from 'node:test'

import { failure, ok, warning } from '../../../../addon/lib/cli/check/finding.js'
import { printer } from '../../../../addon/lib/cli/check/report.js'

const ERROR = Object.assign(new Error('it is broken; mend it\n\nTraceback:\n  x\n'),
  { traceback: 'Traceback:\n  x\n' })

function print (isJson, ...findings) {
  let text = ''
  const report = printer(isJson, (part) => { text += part })
  for (const finding of findings) report.add(finding)
  report.end()
  return text
}

it('prints a line for each finding, with its remedy below it', () => {
  assert.equal(print(false, ok('cores', '1'), warning('memory', 'tight', 'buy'),
    failure('start', ERROR)), [
    '✓ cores        1',
    '! memory       tight',
    '               → buy',
    '✗ start        it is broken; mend it',
    '',
    'Traceback:',
    '  x',
    '',
    '',
    '1 error, 1 warning',
    ''
  ].join('\n'))
  assert.match(print(false, ok('cores', '1')), /Everything is fine/)
})

it('prints JSON that says whether all is well', () => {
  assert.deepEqual(JSON.parse(print(true, warning('memory', 'tight', 'buy'))), {
    ok: true,
    findings: [{ name: 'memory', status: 'warning', detail: 'tight', remedy: 'buy' }]
  })
  const { ok: isOk, findings } = JSON.parse(print(true, failure('start', ERROR)))
  assert.equal(isOk, false)
  assert.deepEqual(findings[0], {
    name: 'start', status: 'error', detail: 'it is broken; mend it', traceback: ERROR.traceback
  })
})
