import assert from 'node:assert/strict'
import { totalmem } from 'node:os'
import { it } from 'node:test'

import { memoryLimit } from '../../../addon/lib/util/memory-limit.js'

const MIB = 2 ** 20

/** @param {Record<string, string>} files */
const reader = (files) => (path) => {
  if (path in files) return files[path]
  throw new Error('ENOENT')
}

it('takes the lowest limit of the control groups, version 2', () => {
  const read = reader({
    '/proc/self/mountinfo': '1 0 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n',
    '/proc/self/cgroup': '0::/app.slice/app.service\n',
    '/sys/fs/cgroup/app.slice/app.service/memory.max': `${100 * MIB}\n`,
    '/sys/fs/cgroup/app.slice/memory.max': `${90 * MIB}\n`,
    '/sys/fs/cgroup/memory.max': 'max\n'
  })
  assert.deepEqual(memoryLimit(read), { bytes: 90 * MIB, source: 'control group' })
})

it('takes the limit of version 1, which is huge if there is none', () => {
  const read = (limit) => reader({
    '/proc/self/mountinfo': '1 0 0:1 / /cg/memory rw - cgroup cgroup rw,memory\n',
    '/proc/self/cgroup': '4:memory:/\n1:cpu:/\n',
    '/cg/memory/memory.limit_in_bytes': limit
  })
  assert.equal(memoryLimit(read(`${50 * MIB}`)).bytes, 50 * MIB)
  assert.deepEqual(memoryLimit(read('9223372036854771712')),
    { bytes: totalmem(), source: 'machine' })
})

it('takes what the machine has where nothing can be read', () => {
  assert.deepEqual(memoryLimit(reader({})), { bytes: totalmem(), source: 'machine' })
})
