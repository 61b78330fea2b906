import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'

import { attach } from '../../../addon/lib/http/attach.js'

function endpoint (name, calls) {
  return {
    listen: (req, res, { mount, keepsBody = false }) =>
      calls.push([name, req.url, mount, keepsBody]),
    upgrade: (req, socket, head, { mount }) => calls.push([name, req.url, mount]),
    connect: (req, res, { mount }) => calls.push([name, req.url, mount])
  }
}

test('the longest prefix that ends at a slash gets the request', () => {
  const calls = []
  const server = new EventEmitter()
  attach(server, endpoint('root', calls))
  attach(server, endpoint('a', calls), { prefix: '/a/' })
  attach(server, endpoint('ab', calls), { prefix: '/a/b' })
  for (const url of ['/', '/a', '/a?x', '/a/b/c', '/ab', '/a/bc']) {
    server.emit('request', { url }, {})
  }
  assert.deepEqual(calls.map(([name, , mount]) => [name, mount]),
    [['root', ''], ['a', '/a'], ['a', '/a'], ['ab', '/a/b'], ['root', ''], ['a', '/a']])
})

test('requests below no prefix go to the listeners that were there before', () => {
  const calls = []
  const server = new EventEmitter()
  server.on('request', (req) => calls.push(['other', req.url]))
  server.on('upgrade', (req, socket, head) => calls.push(['other upgrade', req.url, head]))
  attach(server, endpoint('app', calls), { prefix: '/app' })
  server.emit('request', { url: '/x' }, {})
  server.emit('request', { url: '/app/x' }, {})
  server.emit('upgrade', { url: '/x' }, {}, 'head')
  server.emit('upgrade', { url: '/app' }, {}, 'head')
  assert.deepEqual(calls, [['other', '/x'], ['app', '/app/x', '/app', false],
    ['other upgrade', '/x', 'head'], ['app', '/app', '/app']])
})

test('without other listeners: 404, and "100 Continue" for a client that waits for it', () => {
  const server = new EventEmitter()
  attach(server, endpoint('app', []), { prefix: '/app' })
  const response = { end (text) { this.text = text } }
  server.emit('request', { url: '/' }, response)
  assert.deepEqual([response.statusCode, response.text], [404, 'Not Found\n'])
  const told = []
  const waiting = { writeContinue: () => told.push('continue'), end: () => told.push('end') }
  server.emit('checkContinue', { url: '/' }, waiting)
  assert.deepEqual(told, ['continue', 'end'])
})

test('the application decides when to send "100 Continue"', () => {
  const calls = []
  const server = new EventEmitter()
  attach(server, endpoint('app', calls))
  server.emit('checkContinue', { url: '/' }, {})
  assert.deepEqual(calls, [['app', '/', '', true]])
})

test('a prefix that is not a path is refused', () => {
  for (const prefix of ['app', '/a b', '/a?x', 7]) {
    assert.throws(() => attach(new EventEmitter(), endpoint('app', []), { prefix }),
      { code: 'ERR_INVALID_OPTION', option: 'prefix' })
  }
})
