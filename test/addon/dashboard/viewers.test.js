import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { mock, test } from 'node:test'

import { Viewers } from '../../../addon/lib/dashboard/viewers.js'

class Response extends EventEmitter {
  text = ''
  writableLength = 0
  ended = false
  write (text) { this.text += text }
  end () {
    this.ended = true
    this.emit('close')
  }

  destroy () { this.end() }

  /** What has arrived since the last call. */
  take () {
    const events = [...this.text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)]
    this.text = ''
    return Object.fromEntries(events.map(([, name, json]) => [name, JSON.parse(json)]))
  }
}

function make (t) {
  mock.timers.enable({ apis: ['setInterval'] })
  t.after(() => mock.timers.reset())
  const state = { sections: { pool: 1, workers: [1] }, news: [], isOver: false, asked: 0 }
  const viewers = new Viewers({
    sections: () => {
      state.asked++
      return state.sections
    },
    history: () => ['history'],
    news: () => state.news.splice(0),
    isOver: () => state.isOver
  })
  const join = (server = new EventEmitter()) => {
    const res = new Response()
    viewers.add({ socket: { server } }, res)
    return res
  }
  return { state, viewers, join, turn: () => mock.timers.tick(1000) }
}

test('a viewer gets everything first, and then what has changed', (t) => {
  const { state, join, turn } = make(t)
  const first = join()
  assert.deepEqual(first.take(), { seconds: ['history'], pool: 1, workers: [1] })
  state.sections = { pool: 2, workers: [1] }
  state.news = ['a second']
  turn()
  assert.deepEqual(first.take(), { pool: 2, seconds: ['a second'] })
  const second = join()
  assert.deepEqual(second.take(), { seconds: ['history'], pool: 2, workers: [1] })
  turn()
  assert.deepEqual(first.take(), { seconds: [] })
})

test('nothing is looked at while nobody watches', (t) => {
  const { state, join, turn } = make(t)
  join().end()
  turn()
  state.asked = 0
  turn()
  turn()
  assert.equal(state.asked, 0)
  state.sections = { pool: 7 }
  state.news = ['missed']
  const later = join()
  assert.deepEqual(later.take(), { seconds: ['history'], pool: 7, workers: [1] })
  turn()
  assert.deepEqual(later.take(), { seconds: [] })
})

test('a viewer that does not read must not fill the memory', (t) => {
  const { viewers, join, turn } = make(t)
  const slow = join()
  slow.writableLength = 2 * 1024 * 1024
  const other = join()
  turn()
  assert.equal(slow.ended, true)
  assert.equal(other.ended, false)
  assert.equal(viewers.size, 1)
})

test('an open dashboard kept its server from closing', (t) => {
  const { join } = make(t)
  class Server extends EventEmitter { close () {} }
  const [one, two] = [new Server(), new Server()]
  const [first, second] = [join(one), join(two)]
  one.close()
  assert.deepEqual([first.ended, second.ended], [true, false])
})

test('the stream ends when the handler is closed', (t) => {
  const { state, join, turn } = make(t)
  const res = join()
  state.isOver = true
  turn()
  assert.equal(res.ended, true)
})
