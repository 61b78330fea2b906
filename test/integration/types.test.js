/** `node-asgi types`, as a person or CI runs it. */

import assert from 'node:assert/strict'
import {
  mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'

import { VENV_PYTHON, eventually } from '../support/harness.js'
import { Run, endRuns } from '../support/run.js'

const LIMIT = 60_000

const APP = `
from fastapi import FastAPI
from pydantic import BaseModel

class Item(BaseModel):
    name: str

app = FastAPI()

@app.get("/items")
def items() -> list[Item]:
    return []
`

const PLAIN = `
async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 404})
    await send({"type": "http.response.body"})
`

describe('node-asgi types', { timeout: 3 * LIMIT }, () => {
  let folder
  const runs = []

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'node-asgi-types-'))
    write('main.py', APP)
  })

  afterEach(async () => {
    await endRuns(runs)
    rmSync(folder, { recursive: true })
  })

  function write (name, text) {
    writeFileSync(join(folder, name), text)
  }

  function read (name) {
    return readFileSync(join(folder, name), 'utf8')
  }

  function start (args, env) {
    runs.push(new Run(['types', '--python', VENV_PYTHON, ...args], env, folder))
    return runs.at(-1)
  }

  async function run (args, env) {
    const started = start(args, env)
    return { code: await started.closed, stdout: started.stdout, stderr: started.stderr }
  }

  it('writes the types of the API, and then finds that they are up to date', async () => {
    const { code, stderr, stdout } = await run(['main:app', '-o', 'python.d.ts'])
    assert.equal(code, 0, stderr)
    assert.equal(stdout, '')
    const text = read('python.d.ts')
    assert.match(text, /node-asgi types main:app/)
    assert.match(text, /"\/items": \{/)
    assert.match(text, /name: string/)
    assert.equal((await run(['-o', 'python.d.ts', '--check'])).code, 0)
    assert.deepEqual(readdirSync(folder).filter((name) => /python/.test(name)), ['python.d.ts'])
  })

  it('fails the check of a file that is stale or missing, and leaves it as it is', async () => {
    const missing = await run(['-o', 'python.d.ts', '--check'])
    assert.equal(missing.code, 1)
    assert.match(missing.stderr, /python\.d\.ts is not up to date/)
    write('python.d.ts', 'export {}')
    assert.equal((await run(['-o', 'python.d.ts', '--check'])).code, 1)
    assert.equal(read('python.d.ts'), 'export {}')
  })

  it('prints to stdout, and what Python prints goes to stderr', async () => {
    write('main.py', `print("hello")\n${APP}`)
    const { code, stdout, stderr } = await run([])
    assert.equal(code, 0, stderr)
    assert.match(stdout, /"\/items": \{/)
    assert.doesNotMatch(stdout, /hello/)
    assert.match(stderr, /hello/)
  })

  it('does not start the lifespan, unless it is asked to', async () => {
    const start = `
from contextlib import asynccontextmanager

@asynccontextmanager
async def lifespan(app):
    raise RuntimeError("no database here")
    yield
`
    write('main.py', start + APP.replace('FastAPI()', 'FastAPI(lifespan=lifespan)'))
    assert.equal((await run([])).code, 0)
    const { code, stderr } = await run(['--lifespan', 'on'])
    assert.equal(code, 1)
    assert.match(stderr, /no database here/)
  })

  it('gets the same text from a set of names each time', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `"name${i}"`).join(', ')
    write('main.py', APP + `
from enum import Enum
Name = Enum("Name", {name: name for name in {${names}}})

@app.get("/names")
def names() -> Name: ...
`)
    assert.equal((await run(['-o', 'python.d.ts'])).code, 0)
    assert.equal((await run(['-o', 'python.d.ts', '--check'])).code, 0)
  })

  it('says what was asked when there is no document', async () => {
    write('plain.py', PLAIN)
    const { code, stderr } = await run(['plain:app'])
    assert.equal(code, 1)
    for (const fact of ['openapi()', '/openapi.json', '404', '--url']) {
      assert(stderr.includes(fact), stderr)
    }
  })

  it('shows the traceback of an application that fails', async () => {
    write('main.py', APP + '\ndef openapi():\n    raise ValueError("no title")\n' +
      'app.openapi = openapi\n')
    const { code, stderr } = await run(['-o', 'python.d.ts'])
    assert.equal(code, 1)
    assert.match(stderr, /ValueError: no title[^]*Traceback[^]*main\.py/)
    write('main.py', 'import missing_module')
    assert.match((await run([])).stderr, /missing_module/)
  })

  it('says that it cannot write the file', async () => {
    const { code, stderr } = await run(['-o', 'missing/python.d.ts'])
    assert.equal(code, 1)
    assert.match(stderr, /missing\/python\.d\.ts.*ENOENT/)
  })

  it('follows a link to the file', async () => {
    mkdirSync(join(folder, 'types'))
    write('types/python.d.ts', '')
    symlinkSync('types/python.d.ts', join(folder, 'python.d.ts'))
    assert.equal((await run(['-o', 'python.d.ts'])).code, 0)
    assert.match(read('types/python.d.ts'), /"\/items": \{/)
  })

  it('watches: writes again after a change, and after one that breaks the app', async () => {
    const watching = start(['-o', 'python.d.ts', '--watch'])
    await eventually(() => assert.match(read('python.d.ts'), /name: string/), LIMIT)
    write('main.py', 'import missing_module')
    await watching.match('stderr', /missing_module[^]*waiting for file changes/)
    write('main.py', APP.replace('name: str', 'title: str'))
    await eventually(() => assert.match(read('python.d.ts'), /title: string/), LIMIT)
    watching.child.kill('SIGINT')
    assert.equal(await watching.closed, 'SIGINT')
  })
})
