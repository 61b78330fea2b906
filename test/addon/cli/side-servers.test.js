import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterEach, beforeEach, describe, it } from 'node:test'

import { ListenError } from '../../../addon/lib/cli/listen.js'
import { SideServers } from '../../../addon/lib/cli/side-servers.js'

describe('SideServers', () => {
  let main
  let sides

  beforeEach(async () => {
    main = createServer((req, res) => { res.end('main') }).listen(0, '127.0.0.1')
    await once(main, 'listening')
    sides = new SideServers(main)
  })

  afterEach(() => {
    sides.close()
    main.closeAllConnections()
    main.close()
  })

  const says = (text) => (req, res) => { res.end(text) }
  const free = { host: '127.0.0.1', port: 0 }

  async function get (url) {
    const response = await fetch(url)
    return [response.status, await response.text()]
  }

  it('serves what has the same address on one server', async () => {
    sides.offer('--a', free, { '/a': says('first') })
    sides.offer('--b', free, { '/b': says('second'), '/c': says('third') })
    await sides.listen()
    const [a, b, c] = sides.places
    assert.equal(new URL(a).host, new URL(b).host)
    assert.deepEqual(await get(a), [200, 'first'])
    assert.deepEqual(await get(`${b}?x=1`), [200, 'second'])
    assert.deepEqual(await get(c), [200, 'third'])
    const [status, text] = await get(new URL('/d', a))
    assert.equal(status, 404)
    assert.match(text, /\/a, \/b, \/c/)
  })

  it('serves what has a path on the main server, and leaves it the rest', async () => {
    sides.offer('--metrics', { path: '/internal/metrics' }, { '/metrics': says('metrics') })
    sides.offer('--health', { path: '/' }, { '/livez': says('alive') })
    sides.offer('--health', { path: '/internal' }, { '/livez': says('also alive') })
    await sides.listen()
    const url = `http://127.0.0.1:${main.address().port}`
    assert.deepEqual(await get(`${url}/internal/metrics`), [200, 'metrics'])
    assert.deepEqual(await get(`${url}/livez`), [200, 'alive'])
    assert.deepEqual(await get(`${url}/internal/livez`), [200, 'also alive'])
    assert.deepEqual(await get(`${url}/livezz`), [200, 'main'])
    assert.equal(sides.places.length, 3)
    assert.match(sides.places[0], /--metrics .*\/internal\/metrics$/)
  })

  it('serves everything below a path that ends with a slash', async () => {
    const page = (req, res) => { res.end(req.url) }
    sides.offer('--page', free, { '/page/': page, '/pages': says('other') })
    sides.offer('--page', { path: '/' }, { '/page/': page })
    sides.offer('--page', { path: '/page' }, { '/page/': page })
    await sides.listen()
    const places = sides.places.map((place) => place.replace(/^.* /, ''))
    assert.deepEqual(places.slice(0, 2), ['/page', '/page'])
    const side = new URL(places[2])
    const server = `http://127.0.0.1:${main.address().port}`
    assert.equal(side.pathname, '/page/')
    for (const origin of [side.origin, server]) {
      for (const path of ['/page', '/page/', '/page/a/b?c', '/page?c']) {
        assert.deepEqual(await get(origin + path), [200, path])
      }
    }
    assert.deepEqual(await get(`${side.origin}/pages`), [200, 'other'])
    assert.equal((await get(`${side.origin}/pagex`))[0], 404)
    assert.deepEqual(await get(`${server}/pagex`), [200, 'main'])
  })

  it('says which flag names an address that is taken', async () => {
    const { port } = main.address()
    sides.offer('--metrics', { host: '127.0.0.1', port }, { '/metrics': says('') })
    await assert.rejects(sides.listen(), (error) => {
      assert.ok(error instanceof ListenError)
      assert.match(error.message, new RegExp(`127.0.0.1:${port}.*EADDRINUSE.*--metrics`))
      return true
    })
  })
})
