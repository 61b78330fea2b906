import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'

import { Link } from '../../../../addon/lib/cli/cluster/link.js'

/** Two ends of a channel. */
function channels () {
  const [a, b] = [new EventEmitter(), new EventEmitter()]
  for (const [end, other] of [[a, b], [b, a]]) {
    end.connected = true
    end.sent = []
    end.send = (message, handle, options, done) => {
      end.sent.push(message)
      setImmediate(() => {
        other.emit('message', message, handle)
        done?.(null)
      })
    }
  }
  return [a, b]
}

describe('a link', () => {
  it('answers questions, and reports what a topic throws', async () => {
    const [a, b] = channels()
    const link = new Link(a, {})
    const fail = async () => { throw new Error('no luck') }
    new Link(b, { double: (n) => 2 * n, fail }) // eslint-disable-line no-new
    assert.equal(await link.ask('double', 21), 42)
    await assert.rejects(link.ask('fail'), { name: 'LinkError', message: 'no luck' })
    await assert.rejects(link.ask('toString'), /does not know toString/)
  })

  it('took what it did not know from another version for a mistake of its own', async () => {
    const [a, b] = channels()
    const link = new Link(a, { double: (n) => 2 * n })
    for (const message of [null, 7, 'text', {}, { topic: 1 }, { topic: '__proto__', id: 3 },
      { answer: 99, data: 1 }, { answer: '1' }, { topic: 'x'.repeat(1e5), id: 1 }]) {
      a.emit('message', message)
    }
    await turn()
    for (const { error } of a.sent) assert.ok(error.length < 100)
    const answer = link.ask('anything')
    a.emit('message', { answer: 1, data: 'good' })
    assert.equal(await answer, 'good')
    assert.equal(b.listenerCount('message'), 0)
  })

  it('closes a socket that comes with a message that it does not know', () => {
    const [a] = channels()
    new Link(a, {}) // eslint-disable-line no-new
    let closed = 0
    const socket = { destroy: () => { closed++ } }
    a.emit('message', { topic: 'newer', id: 1 }, socket)
    a.emit('message', { nonsense: true }, socket)
    assert.equal(closed, 2)
  })

  it('waits no longer than it should, and not at all once the other side has gone', async () => {
    const [a] = channels()
    const link = new Link(a, {})
    await assert.rejects(link.ask('silence', null, { timeout: 5 }), /no answer within 5 ms/)
    const forever = link.ask('silence', null, { timeout: Infinity })
    link.close()
    await assert.rejects(forever, /has ended/)
    await assert.rejects(link.ask('silence'), /has ended/)
    await link.tell('silence')
  })

  it('has a limit for questions without answers', async () => {
    const [a] = channels()
    const link = new Link(a, {})
    const open = Array.from({ length: 1001 }, () =>
      link.ask('silence', null, { timeout: Infinity }))
    await assert.rejects(open.at(-1), /1000 questions/)
    link.close()
    await Promise.allSettled(open)
  })
})
