import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, describe, it } from 'node:test'

import { Distributor } from '../../../../addon/lib/cli/cluster/distributor.js'
import { eventually } from '../../../support/harness.js'

/** A member that keeps what it is given until it is told what to do with it. */
class Taker {
  isOpen = true
  isReady = true
  given = []

  take (socket) {
    return new Promise((resolve) => this.given.push({ socket, resolve }))
  }

  /** @param {boolean} isTaken */
  answer (isTaken) {
    if (!isTaken) this.isOpen = false
    this.given.shift().resolve(isTaken)
  }
}

describe('connections', () => {
  const clients = []
  let distributor

  afterEach(async () => {
    distributor.closeDoors()
    await distributor.finish(0)
    for (const client of clients.splice(0)) client.destroy()
  })

  async function arrive (takers, count, limit = 100) {
    distributor = new Distributor(takers, limit)
    const door = distributor.createDoor().listen(0, '127.0.0.1')
    await once(door, 'listening')
    for (let i = 0; i < count; i++) {
      const client = connect(door.address().port, '127.0.0.1').on('error', () => {})
      clients.push(client)
      await once(client, 'connect')
    }
  }

  it('go to one member after the other, and not to one that has not taken its last', async () => {
    const [a, b] = [new Taker(), new Taker()]
    await arrive([a, b], 3)
    await eventually(() => assert.deepEqual([a.given.length, b.given.length], [1, 1]))
    b.answer(true)
    await eventually(() => assert.deepEqual([a.given.length, b.given.length], [1, 1]))
    a.answer(true)
    b.answer(true)
  })

  it('go to a member that is not ready only if none is', async () => {
    const [a, b] = [new Taker(), new Taker()]
    a.isReady = false
    await arrive([a, b], 2)
    await eventually(() => assert.equal(b.given.length, 1))
    assert.equal(a.given.length, 0)
    b.isReady = false
    distributor.distribute()
    assert.equal(a.given.length, 1)
    for (const taker of [a, b]) taker.answer(true)
  })

  it('were lost with a member that ended before it had taken them', async () => {
    const [a, b] = [new Taker(), new Taker()]
    b.isReady = false
    await arrive([a, b], 1)
    await eventually(() => assert.equal(a.given.length, 1))
    const [{ socket }] = a.given
    a.answer(false)
    await eventually(() => assert.equal(b.given[0]?.socket, socket))
    assert.equal(socket.destroyed, false)
    b.answer(true)
    await eventually(() => assert.ok(socket.destroyed))
  })

  it('wait while no member is there, but not without end', async () => {
    const a = new Taker()
    a.isOpen = false
    await arrive([a], 3, 2)
    await once(clients[2].resume(), 'close')
    a.isOpen = true
    distributor.distribute()
    assert.equal(a.given.length, 1)
    const closed = once(clients[1].resume(), 'close')
    distributor.closeDoors()
    const finished = distributor.finish(10)
    await closed
    await finished
    a.answer(true)
  })
})
