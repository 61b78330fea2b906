import assert from 'node:assert/strict'
import { test } from 'node:test'

import { RouteNames } from '../../../addon/lib/dashboard/route-names.js'

function named (paths, templates = [], isFound = true) {
  const names = new RouteNames()
  names.use(templates)
  return paths.map((path) => names.of(path, isFound))
}

test('a path has the name of the first template that fits', () => {
  const templates = ['/items/new', '/items/{item_id}', '/v{version}/x-{a}.json', '/f/{rest:path}']
  assert.deepEqual(named([
    '/items/new', '/items/7', '/items/7/8', '/v2/x-1.json', '/v/x-1.json', '/f/a/b/c', '/f/', '/f'
  ], templates), [
    '/items/new', '/items/{item_id}', '/items/:id/:id', '/v{version}/x-{a}.json', '/v/x-1.json',
    '/f/{rest:path}', '/f/{rest:path}', '/f'
  ])
})

test('what differs between requests is left out of a path without a template', () => {
  assert.deepEqual(named([
    '/', '/users/42/posts', '/o/9f1b6ba0-26c2-4d54-9e2f-1a2b3c4d5e6f', '/c/0123abcd',
    '/t/eyJhbGciOiJIUzI1NiJ9abcdefgh12', '/u/someone@example.com', '/about/facade', '/v2/healthz'
  ]), [
    '/', '/users/:id/posts', '/o/:id', '/c/:id', '/t/:id', '/u/:id', '/about/facade', '/v2/healthz'
  ])
})

test('long paths have short names', () => {
  const [deep, long] = named(['/a'.repeat(50), `/${'a-b/'.repeat(7)}${'c'.repeat(39)}`.repeat(3)])
  assert.equal(deep, `${'/a'.repeat(8)}…`)
  assert.ok(long.length <= 121)
})

test('a scanner filled the table with paths that do not exist', () => {
  assert.deepEqual(named(['/wp-admin', '/.env', '/items/7'], ['/items/{id}'], false),
    ['(not found)', '(not found)', '/items/{id}'])
})

test('a template with many parameters took time that grows with a power of the path', () => {
  const names = new RouteNames()
  names.use([`/${'{a}-'.repeat(20)}x`])
  const began = process.cpuUsage().user
  names.of(`/${'-'.repeat(100_000)}y`, true)
  assert.ok(process.cpuUsage().user - began < 1e6)
})

test('names follow the templates when the application is reloaded', () => {
  const names = new RouteNames()
  assert.equal(names.of('/a/1', true), '/a/:id')
  names.use(['/a/{id}'])
  assert.equal(names.of('/a/1', true), '/a/{id}')
})

test('the memory for known paths is bounded', () => {
  const names = new RouteNames()
  for (let i = 0; i < 10_000; i++) names.of(`/x${i}y`, true)
  assert.equal(names.of('/x1y', true), '/x1y')
})
