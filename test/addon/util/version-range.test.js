import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  compareVersions, looksLikeRange, parseRange, parseVersion
} from '../../../addon/lib/util/version-range.js'

const fits = (range, version) => parseRange(range)(parseVersion(version))

// What PEP 440 says of each, with a version that fits and one that does not.
const RANGES = {
  3.12: ['3.12.0 3.12.10', '3.11.9 3.13.0'],
  3: ['3.10.0', '2.7.18'],
  '3.12.1': ['3.12.1', '3.12.0 3.12.10'],
  '3.12.*': ['3.12.4', '3.13.0'],
  '==3.12': ['3.12.0', '3.12.1'],
  '== 3.12.*': ['3.12.1', '3.11.0'],
  '!=3.12.*': ['3.11.0 3.13.1', '3.12.0'],
  '!=3.12.1': ['3.12.0', '3.12.1'],
  '>=3.11': ['3.11.0 3.12.1 4.0.0', '3.10.13'],
  '>3.11': ['3.11.1', '3.11.0 3.9.0'],
  '<=3.12': ['3.12.0 3.9.1', '3.12.1'],
  '<3.12': ['3.11.9 3.9.1', '3.12.0'],
  '~=3.11': ['3.11.0 3.13.0', '3.10.9 4.0.0'],
  '~=3.11.2': ['3.11.2 3.11.9', '3.11.1 3.12.0'],
  '>=3.10, <3.13, !=3.11.2': ['3.10.0 3.12.9', '3.11.2 3.13.0']
}

test('ranges as in PEP 440', () => {
  for (const [range, [inside, outside]] of Object.entries(RANGES)) {
    for (const version of inside.split(' ')) assert(fits(range, version), `${version} ${range}`)
    for (const version of outside.split(' ')) assert(!fits(range, version), `${version} ${range}`)
    assert(looksLikeRange(range), range)
  }
})

test('what is not a range', () => {
  for (const text of ['', '3.12.1.4', '^3.11', '3.x', '~3.11', '~=3', '>=3.*', '>=', '3.12,',
    '3.12t', '=3.12', '3.13rc1', '12345.1']) {
    assert.equal(parseRange(text), null, text)
  }
  for (const path of ['python3', './3.12', '~', '~/x', '.venv', '/usr/bin/python3']) {
    assert(!looksLikeRange(path), path)
  }
})

test('versions as environments write them', () => {
  assert.deepEqual(parseVersion(' 3.12.1\n'), [3, 12, 1])
  assert.deepEqual(parseVersion('3.11.7.final.0'), [3, 11, 7])
  for (const text of ['3.14.0rc1', '3.14.0.candidate.1', '3.12', 'x', '', undefined]) {
    assert.equal(parseVersion(text), null)
  }
  assert(compareVersions([3, 12, 10], [3, 12, 9]) > 0)
  assert.equal(compareVersions([3, 12], [3, 12, 0]), 0)
})
