/** `node-asgi check`, `routes` and `--version`, as a person runs them. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'

import { APPS, VENV_PYTHON } from '../support/harness.js'
import { Run, endRuns } from '../support/run.js'

const LIMIT = 60_000

const DJANGO = `
from django.conf import settings
settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="x", ALLOWED_HOSTS=["*"])
import django
django.setup()
from django.core.asgi import get_asgi_application
from django.urls import include, path, re_path
from django.views import View

def home(request):
    pass

class Item(View):
    def get(self, request, pk):
        pass
    def delete(self, request, pk):
        pass

inner = ([path("<int:pk>/", Item.as_view(), name="item")], "items")
urlpatterns = [path("", home, name="home"), re_path(r"^old/(?P<x>[0-9]+)$", home),
               path("items/", include(inner))]
app = get_asgi_application()
`

describe('the small commands', { timeout: 3 * LIMIT }, () => {
  let folder
  const runs = []

  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'node-asgi-check-')) })

  afterEach(async () => {
    await endRuns(runs)
    rmSync(folder, { recursive: true })
  })

  function write (name, text) {
    writeFileSync(join(folder, name), text)
  }

  async function run (...args) {
    const python = args.includes('--python') ? [] : ['--python', VENV_PYTHON]
    const run = new Run([...args, ...python], {}, folder)
    runs.push(run)
    return { code: await run.closed, stdout: run.stdout, stderr: run.stderr }
  }

  /** @returns findings by name; of several with one name, the last */
  async function check (...args) {
    const { code, stdout, stderr } =
      await run('check', '--json', '--port', '0', '--workers', '1', ...args)
    const { ok, findings } = JSON.parse(stdout)
    assert.equal(code, ok ? 0 : 1, stderr)
    return {
      ok, findings, ...Object.fromEntries(findings.map((finding) => [finding.name, finding]))
    }
  }

  describe('check', () => {
    it('reports that all is well, and serves nothing', async () => {
      const { code, stdout } = await run('check', 'lifespan_app', '--docroot', APPS, '--port', '0',
        '--workers', '1')
      assert.equal(code, 0, stdout)
      for (const name of ['node-asgi', 'interpreter', 'packages', 'address', 'descriptors', 'cores',
        'application', 'memory', 'lifespan']) {
        assert.match(stdout, new RegExp(`^[✓!] ${name} `, 'm'))
      }
      assert.match(stdout, /lifespan +startup and shutdown succeeded/)
      assert.doesNotMatch(stdout, /Listening/)
    })

    it('names every package that is missing, with the command that installs it', async () => {
      write('main.py', 'import models\nimport not_there\napp = None\n')
      write('models.py', 'import cv2\n')
      const { ok, findings, application } = await check()
      assert.equal(ok, false)
      const packages = findings.filter(({ name }) => name === 'packages')
      assert.deepEqual(packages.map(({ detail }) => detail.split(',')[0]).sort(),
        ['cv2', 'not_there'])
      for (const { remedy, status } of packages) {
        assert.match(remedy, /(opencv-python|not_there)$/)
        assert.equal(status, 'error')
      }
      assert.match(application.traceback, /models\.py.*\n.*import cv2/)
    })

    it('only warns of a package that seems to be missing if the application starts', async () => {
      write('main.py', "import sys\nsys.modules['odd'] = sys\nimport odd\n" +
        'async def app(scope, receive, send):\n    raise RuntimeError\n')
      const { ok, packages } = await check('--lifespan', 'off')
      assert.equal(ok, true)
      assert.equal(packages.status, 'warning')
    })

    it('tells an application from its lifespan, and its start from its end', async () => {
      const failing = await check('lifespan_fail_app', '--docroot', APPS)
      assert.deepEqual([failing.ok, failing.lifespan.status], [false, 'error'])
      const raising = await check('lifespan_raise_app', '--docroot', APPS)
      assert.deepEqual([raising.ok, raising.lifespan.status], [true, 'warning'])
      const hanging =
        await check('lifespan_hang_app', '--docroot', APPS, '--timeout-startup', '0.7')
      assert.equal(hanging.start.status, 'error')
      assert.match(hanging.start.detail, /--timeout-startup/)
    })

    it('looks at the address, and goes on to look at the rest', async () => {
      const other = createServer().listen(0, '127.0.0.1')
      await once(other, 'listening')
      const { port } = other.address()
      try {
        const { ok, address, application } =
          await check('--docroot', APPS, '--port', String(port))
        assert.deepEqual([ok, address.status, application.status], [false, 'error', 'ok'])
        assert.match(address.detail, new RegExp(`${port}.*EADDRINUSE`))
      } finally {
        other.close()
      }
    })

    it('names an interpreter that cannot be used', async () => {
      const { ok, interpreter, application } = await check('--python', '/bin/false')
      assert.deepEqual([ok, interpreter.status], [false, 'error'])
      assert.equal(application, undefined)
    })
  })

  describe('routes', () => {
    it('lists them as a table, and as JSON', async () => {
      write('main.py', 'from fastapi import FastAPI\napp = FastAPI(openapi_url=None)\n' +
        '@app.get("/items/{item}", name="item")\ndef read(item): pass\n')
      const table = await run('routes')
      assert.equal(table.code, 0, table.stderr)
      assert.equal(table.stdout, 'METHOD  PATH           NAME  HANDLER\n' +
        'GET     /items/{item}  item  main:read\n')
      const { stdout } = await run('routes', '--json')
      assert.deepEqual(JSON.parse(stdout),
        [{ path: '/items/{item}', methods: ['GET'], name: 'item', handler: 'main:read' }])
    })

    it('lists those of Django', async () => {
      write('main.py', DJANGO)
      const { stdout, stderr } = await run('routes', '--json')
      assert.deepEqual(JSON.parse(stdout || stderr), [
        { path: '/', methods: [], name: 'home', handler: 'main:home' },
        { path: '/old/(?P<x>[0-9]+)', methods: [], name: '', handler: 'main:home' },
        {
          path: '/items/<int:pk>/',
          methods: ['DELETE', 'GET', 'OPTIONS'],
          name: 'items:item',
          handler: 'main:Item'
        }
      ])
    })

    it('says of which frameworks it can list them', async () => {
      const { code, stderr } = await run('routes', '--docroot', APPS)
      assert.equal(code, 1)
      assert.match(stderr, /list the routes.*function.*Litestar/)
    })
  })

  describe('--version', () => {
    it('prints the versions of everything', async () => {
      const { code, stdout } = await run('--version')
      assert.equal(code, 0)
      for (const line of [/^node-asgi +\d+\.\d+\.\d+$/m, /^Node\.js +\d+/m, /^Node-API +\d+$/m,
        /^platform +\w+-\w+/m, /^Python +3\.\d+\.\d+ \(\//m, /^fastapi +\d/m]) {
        assert.match(stdout, line)
      }
    })

    it('does not fail without Python', async () => {
      const { code, stdout } = await run('--version', '--python', '/nowhere/python3')
      assert.equal(code, 0)
      assert.match(stdout, /^Python +.*\/nowhere\/python3.*does not exist/m)
    })
  })
})
