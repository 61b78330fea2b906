import assert from 'node:assert/strict'
import { test } from 'node:test'

import { MemberProcess } from '../../../../addon/lib/cli/cluster/member-process.js'
import { ReceivedDoors } from '../../../../addon/lib/cli/cluster/received-doors.js'

/** A member that cannot take a connection. */
class Failing extends MemberProcess {
  /** @param {boolean} goesOn whether it still runs then */
  constructor (goesOn) {
    const warnings = []
    super(1, {
      beginning: {},
      isPiped: false,
      restart: { limit: 5, window: 1000, min: 1, max: 10 },
      hang: 0,
      logger: { warn: (text) => warnings.push(text) }
    }, {})
    this.warnings = warnings
    this.goesOn = goesOn
  }

  get isOpen () { return this.goesOn }

  async ask () { throw new Error('it broke') }
}

test('a process that could not take one connection gets the next one', async () => {
  const member = new Failing(true)
  assert.equal(await member.take({}), true, 'no other process is asked, and it is not left out')
  assert.match(member.warnings.join(), /process 1 could not take a connection.*it broke/)
})

test('another process gets the connection when one ends before it has taken it', async () => {
  const member = new Failing(false)
  assert.equal(await member.take({}), false)
  assert.deepEqual(member.warnings, [])
})

test('a connection that was closed on its way to a process is no failure', () => {
  const doors = new ReceivedDoors({ emit: () => assert.fail('there is no connection') })
  assert.equal(doors.receive(undefined), true)
})
