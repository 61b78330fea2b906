import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { test } from 'node:test'

import { availableCores, cpuQuota } from '../../../addon/lib/util/available-cores.js'

const V2 = '29 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate'
const V1 = '33 32 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n' +
  '34 32 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory'

/** Reads from an object instead of the file system. */
const reader = (files) => (path) => {
  if (!(path in files)) throw Object.assign(new Error(path), { code: 'ENOENT' })
  return files[path]
}

test('the quota of a container was ignored (version 2)', () => {
  assert.equal(cpuQuota(reader({
    '/proc/self/mountinfo': V2,
    '/proc/self/cgroup': '0::/\n',
    '/sys/fs/cgroup/cpu.max': '150000 100000\n'
  })), 1.5)
})

test('the quota of a container was ignored (version 1)', () => {
  assert.equal(cpuQuota(reader({
    '/proc/self/mountinfo': V1,
    '/proc/self/cgroup': '5:memory:/a\n4:cpu,cpuacct:/docker/abc\n',
    '/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us': '50000\n',
    '/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us': '100000\n'
  })), 0.5)
})

test('the lowest quota counts, whichever parent has it', () => {
  const files = {
    '/proc/self/mountinfo': V2,
    '/proc/self/cgroup': '0::/kube/pod/app\n',
    '/sys/fs/cgroup/kube/cpu.max': '800000 100000\n',
    '/sys/fs/cgroup/kube/pod/cpu.max': '200000 100000\n',
    '/sys/fs/cgroup/kube/pod/app/cpu.max': 'max 100000\n'
  }
  assert.equal(cpuQuota(reader(files)), 2)
})

test('the group may have a name from outside the container that only its folder is in', () => {
  assert.equal(cpuQuota(reader({
    '/proc/self/mountinfo': V1.replace(' / /sys/fs/cgroup/cpu', ' /docker/abc /sys/fs/cgroup/cpu'),
    '/proc/self/cgroup': '4:cpu,cpuacct:/docker/abc\n',
    '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '300000\n',
    '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n'
  })), 3)
})

test('without a quota, or without control groups, there is no limit', () => {
  for (const files of [
    {},
    { '/proc/self/mountinfo': '', '/proc/self/cgroup': '' },
    { '/proc/self/mountinfo': V2, '/proc/self/cgroup': 'nonsense\n0::/a' },
    {
      '/proc/self/mountinfo': V1,
      '/proc/self/cgroup': '4:cpu,cpuacct:/\n',
      '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1\n'
    }
  ]) {
    assert.equal(cpuQuota(reader(files)), Infinity)
    assert.equal(availableCores(reader(files)), availableParallelism())
  }
})

test('part of a core is a core', () => {
  assert.equal(availableCores(reader({
    '/proc/self/mountinfo': V2,
    '/proc/self/cgroup': '0::/\n',
    '/sys/fs/cgroup/cpu.max': '10000 100000\n'
  })), 1)
})

test('a quota that is no number made NaN cores', () => {
  for (const quota of ['', 'x', '0 0', '1', '-1 100000']) {
    const files = reader({
      '/proc/self/mountinfo': V2, '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': quota
    })
    assert.equal(availableCores(files), availableParallelism())
  }
})

test('the quota of a group with a space or two dots in its name was ignored', () => {
  for (const [root, path] of [['/a\\040b', '/a b'], ['/', '/..a']]) {
    const folder = root === '/' ? '/sys/fs/cgroup/..a' : '/sys/fs/cgroup'
    assert.equal(cpuQuota(reader({
      '/proc/self/mountinfo': V2.replace(' / ', ` ${root} `),
      '/proc/self/cgroup': `0::${path}\n`,
      [`${folder}/cpu.max`]: '50000 100000\n'
    })), 0.5)
  }
})
