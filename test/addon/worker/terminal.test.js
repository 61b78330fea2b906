import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { test } from 'node:test'

import { Terminal } from '../../../addon/lib/worker/terminal.js'
import { settle } from '../../support/fake-binding.js'

/** Replaces a stream of this process by one that may be a terminal. */
function fakeStream (t, name, isTTY) {
  const stream = { isTTY, corked: 0, cork () { this.corked++ }, uncork () { this.corked-- } }
  const property = Object.getOwnPropertyDescriptor(process, name)
  Object.defineProperty(process, name, { configurable: true, value: stream })
  t.after(() => Object.defineProperty(process, name, property))
  return stream
}

function start (t) {
  const answers = []
  const socket = new Duplex({
    read () {},
    write (bytes, _, done) {
      answers.push(String(bytes))
      done()
    }
  })
  socket.unref = () => {}
  const terminal = new Terminal()
  terminal.attach(socket)
  t.after(() => terminal.close())
  return {
    terminal,
    answers,
    socket,
    async say (text) {
      socket.push(text)
      await settle()
    }
  }
}

test('nothing is printed to the terminal while a debugger holds it', async (t) => {
  const stdout = fakeStream(t, 'stdout', true)
  const stderr = fakeStream(t, 'stderr', false)
  const { say, answers } = start(t)
  await say('h')
  assert.deepEqual([stdout.corked, stderr.corked, answers], [1, 0, ['o']])
  await say('h') // said twice
  assert.equal(stdout.corked, 1)
  await say('r')
  await say('r')
  assert.equal(stdout.corked, 0)
})

test('a debugger that was quicker than the answer holds nothing', async (t) => {
  const stdout = fakeStream(t, 'stdout', true)
  const { say, answers } = start(t)
  await say('hr')
  assert.deepEqual([stdout.corked, answers], [0, []])
})

test('what is not a message is ignored', async (t) => {
  const stdout = fakeStream(t, 'stdout', true)
  const { say, answers } = start(t)
  await say('\0\xffx'.repeat(1000))
  assert.deepEqual([stdout.corked, answers], [0, []])
})

test('the end of the process that holds it releases it', async (t) => {
  const stdout = fakeStream(t, 'stdout', true)
  const { say, terminal, socket } = start(t)
  await say('h')
  socket.emit('error', new Error('ECONNRESET'))
  terminal.close()
  assert.equal(stdout.corked, 0)
  assert(socket.destroyed)
})
