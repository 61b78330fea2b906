/** `node-asgi routes` with the frameworks that test/worker/test_routes.py does not have. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

import { SCRIPT } from '../support/run.js'

const path = (name) => fileURLToPath(new URL(name, import.meta.url))

const python = process.env.NODE_ASGI_FRAMEWORKS_PYTHON ?? path('.venv/bin/python')
const skip = existsSync(python) ? false : 'run `bash test/frameworks/setup.sh` first'

const ROUTES = {
  litestar_app: [
    ['GET', '/hello/{who:str}', 'hello', 'litestar_app:hello'],
    ['POST', '/json', '', 'litestar_app:json'],
    ['GET', '/sync', '', 'litestar_app:sync'],
    ['WEBSOCKET', '/ws', '', 'litestar_app:ws']
  ],
  quart_app: [
    ['GET', '/hello/<name>', 'hello', 'quart_app:hello'],
    ['WEBSOCKET', '/ws', 'ws', 'quart_app:ws']
  ],
  django_app: [
    ['', '/hello/<str:name>', 'hello', 'django_project:hello'],
    ['WEBSOCKET', '/ws', '', 'django_app:Echo']
  ]
}

describe('node-asgi routes', { skip }, () => {
  for (const [app, expected] of Object.entries(ROUTES)) {
    it(`lists the routes of ${app}`, () => {
      const { stdout, stderr } = spawnSync(process.execPath,
        [SCRIPT, 'routes', app, '--json', '--docroot', path('apps'), '--python', python],
        { encoding: 'utf8' })
      const routes = JSON.parse(stdout || stderr)
      for (const [methods, path, name, handler] of expected) {
        const route = routes.find((each) => each.path === path)
        assert.deepEqual(route, { path, methods: methods ? [methods] : [], name, handler })
      }
    })
  }
})
