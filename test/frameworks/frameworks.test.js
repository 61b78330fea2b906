/**
 * Runs an application of each framework and tests the same behaviours of all: see behaviours.js.
 */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { describe, it, before, after } from 'node:test'
import { fileURLToPath } from 'node:url'

import { PythonHandler } from '../../addon/lib/index.js'
import { BEHAVIOURS } from './behaviours.js'
import { renderGrid, updatePage } from './grid.js'

const path = (name) => fileURLToPath(new URL(name, import.meta.url))

const WSGI = [
  'lifespan',
  'background tasks',
  ...Object.keys(BEHAVIOURS).filter((name) => name.startsWith('WebSocket'))
]

const FRAMEWORKS = [
  { title: 'FastAPI', app: 'fastapi_app', distribution: 'fastapi' },
  { title: 'Starlette', app: 'starlette_app', distribution: 'starlette' },
  {
    title: 'Django + Channels',
    app: 'django_app',
    distribution: 'django',
    missing: ['lifespan', 'background tasks']
  },
  { title: 'Quart', app: 'quart_app', distribution: 'quart' },
  { title: 'Litestar', app: 'litestar_app', distribution: 'litestar' },
  {
    title: 'BlackSheep',
    app: 'blacksheep_app',
    distribution: 'blacksheep',
    missing: ['background tasks', 'HEAD for a file']
  },
  { title: 'Flask (WSGI)', app: 'flask_app', distribution: 'flask', missing: WSGI },
  { title: 'Django (WSGI)', app: 'django_wsgi_app', distribution: 'django', missing: WSGI }
]

/** Where a behaviour is tested, if not at the root of a server. */
const PLACES = {
  'links behind a proxy that strips the prefix': { rootPath: '/pre' },
  'links below a server prefix': { prefix: '/mnt' }
}

const python = process.env.NODE_ASGI_FRAMEWORKS_PYTHON ?? path('.venv/bin/python')
const skip = existsSync(python) ? false : 'run `bash test/frameworks/setup.sh` first'
const outcomes = new Map()

/** Serves an application while `run` runs; strips rootPath from paths, as a proxy would. */
async function serve ({ app, rootPath = '', prefix = '' }, run) {
  const handler = new PythonHandler({
    docroot: path('apps'), appTarget: `${app}:app`, python, workers: 1, rootPath, logger: false
  })
  const server = createServer()
  handler.attach(server, { prefix })
  for (const event of rootPath === '' ? [] : ['request', 'upgrade']) {
    server.prependListener(event, (req) => { req.url = req.url.slice(rootPath.length) })
  }
  await handler.ready
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    await run(`http://127.0.0.1:${server.address().port}${rootPath}${prefix}`)
  } finally {
    await handler.close()
    server.closeAllConnections()
    server.close()
  }
}

for (const framework of FRAMEWORKS) {
  describe(framework.title, { skip }, () => {
    let base
    let stop
    let stopped
    before(async () => {
      await new Promise((resolve, reject) => {
        stopped = serve(framework, (address) => {
          base = address
          resolve()
          return new Promise((resolve) => { stop = resolve })
        }).catch(reject)
      })
    }, { timeout: 60_000 })
    after(async () => {
      stop?.()
      await stopped
    })

    for (const [name, behave] of Object.entries(BEHAVIOURS)) {
      if (framework.missing?.includes(name)) continue
      it(name, { timeout: 30_000 }, async () => {
        outcomes.set(`${framework.title}: ${name}`, 'failed')
        const place = PLACES[name]
        if (place === undefined) await behave(base)
        else await serve({ ...framework, ...place }, behave)
        outcomes.set(`${framework.title}: ${name}`, 'passed')
      })
    }
  })
}

it('every behaviour passes with at least one framework', { skip }, () => {
  const distributions = [...new Set(FRAMEWORKS.map(({ distribution }) => distribution))]
  const versions = JSON.parse(execFileSync(python, ['-c',
    'import json, platform, sys, importlib.metadata as m\n' +
    'versions = {name: m.version(name) for name in sys.argv[1:]}\n' +
    'print(json.dumps({"python": platform.python_version(), **versions}))', ...distributions]))
  const columns = FRAMEWORKS.map((framework) => ({
    ...framework,
    title: `${framework.title} ${versions[framework.distribution]}`,
    key: framework.title
  }))
  const names = Object.keys(BEHAVIOURS)
  const outcome = ({ key }, name) => outcomes.get(`${key}: ${name}`) ?? 'missing'
  const grid = renderGrid(columns, names, outcome)
  console.log(grid)
  for (const name of names) {
    assert.ok(columns.some((column) => outcome(column, name) === 'passed'), name)
  }
  if (process.env.NODE_ASGI_WRITE_GRID === '1') {
    const page = path('../../docs/compatibility.md')
    writeFileSync(page, updatePage(readFileSync(page, 'utf8'), grid, versions.python))
  }
})
