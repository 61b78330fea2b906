import assert from 'node:assert/strict'
import { test } from 'node:test'

import { callsOf } from './strace.js'

test('a call that another process interrupts counts once, for the process that made it', () => {
  const counts = callsOf([
    'strace: Process 11 attached',
    'strace: Process 12 attached',
    '[pid    11] epoll_pwait(13,  <unfinished ...>',
    '[pid    12] sendto(8, ""..., 1, MSG_DONTWAIT|MSG_NOSIGNAL, NULL, 0) = 1',
    '[pid    11] <... epoll_pwait resumed>[{events=EPOLLIN}], 1024, 73, NULL, 8) = 1',
    '[pid    11] recvfrom(22, ""..., 256, MSG_DONTWAIT, NULL, NULL) = 1',
    '[pid    11] epoll_pwait(13, [], 1024, 0, NULL, 8) = 0',
    'strace: Process 11 detached'
  ].join('\n'), [11, 12])
  assert.deepEqual(Object.fromEntries(counts.get(11)), { epoll_pwait: 2, recvfrom: 1 })
  assert.deepEqual(Object.fromEntries(counts.get(12)), { sendto: 1 })
})
