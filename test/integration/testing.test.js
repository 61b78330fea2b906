/** Handlers of `node-asgi/testing`. What the runners make of them is in test/clients. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { testPython } from '../../addon/lib/testing/testing.js'
import { VENV_PYTHON, leakTest } from '../support/harness.js'

const folder = mkdtempSync(join(tmpdir(), 'node-asgi-testing-'))
after(() => rmSync(folder, { recursive: true }))

writeFileSync(join(folder, 'main.py'), `
import os
from fastapi import Depends, FastAPI

app = FastAPI()

def get_db():
    return {"rows": 0}

@app.get("/rows")
def rows(db=Depends(get_db)):
    return db | {"name": os.environ.get("NAME")}
`)
writeFileSync(join(folder, 'fakes.py'), `
def fake_db():
    yield {"rows": 40}
`)

const logger = { debug () {}, info () {}, warn () {}, error () {} }

function start (options) {
  return testPython({ docroot: folder, python: VENV_PYTHON, logger, ...options })
}

async function rows (python) {
  return (await python.handleRequest({ url: '/rows' })).json()
}

leakTest('a test replaces dependencies and sets variables', async () => {
  const fake = await start({ overrides: { 'main:get_db': 'fakes:fake_db' }, env: { NAME: 'x' } })
  const constant = await start({ overrides: { 'main:get_db': { value: { rows: 7 } } } })
  assert.deepEqual(await rows(fake), { rows: 40, name: 'x' })
  assert.deepEqual(await rows(constant), { rows: 7, name: null })
  assert.equal(fake.stats().workers.length, 1)
  await Promise.all([fake.close(), constant.close()])
})

leakTest('overrides work with preload, with strict isolation, and after a reload', async () => {
  const overrides = { 'main:get_db': 'fakes:fake_db' }
  for (const options of [{ preload: true }, { isolation: 'strict' }]) {
    const python = await start({ overrides, ...options })
    assert.equal((await rows(python)).rows, 40)
    await python.reload()
    assert.equal((await rows(python)).rows, 40)
    await python[Symbol.asyncDispose]()
  }
})

leakTest('a handler that cannot start is closed, and the error says why', async () => {
  await assert.rejects(start({ overrides: { 'main:get_bd': 'fakes:fake_db' } }), (error) => {
    assert.equal(error.code, 'ERR_APP_IMPORT')
    assert.match(error.message, /overrides.*get_bd.*get_db/)
    return true
  })
  await assert.rejects(start({ overrides: { 'main:get_db': 7 } }), { code: 'ERR_INVALID_OPTION' })
  await assert.rejects(start({ overides: {} }), { code: 'ERR_INVALID_OPTION' })
  await assert.rejects(testPython('main:app'), { code: 'ERR_INVALID_OPTION' })
})

test('Symbol.asyncDispose exists', () => {
  assert.equal(typeof Symbol.asyncDispose, 'symbol')
})
