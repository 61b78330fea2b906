/** Where `node-asgi types` gets the document from. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'

import { OpenapiError, openapiDocument } from '../../addon/lib/cli/openapi.js'
import { VENV_PYTHON, leakTest } from '../support/harness.js'

/** Serves DOCUMENT at PLACE, and is 404 at all other paths. */
const APP = `
import os

async def app(scope, receive, send):
    assert scope["type"] == "http"
    headers = dict(scope["headers"])
    place = scope["path"] if os.environ["PLACE"].startswith("/") else (
        headers[b"host"].decode() + scope["path"])
    status = 200 if place == os.environ["PLACE"] else 404
    await send({"type": "http.response.start", "status": status})
    await send({"type": "http.response.body", "body": os.environ["DOCUMENT"].encode()})

class Described:
    async def __call__(self, scope, receive, send):
        await app(scope, receive, send)

    def openapi(self):
        return {"openapi": "3.1.0", "info": {"title": "method"}}

described = Described()
`

const docroot = mkdtempSync(join(tmpdir(), 'node-asgi-openapi-'))
after(() => rmSync(docroot, { recursive: true }))
writeFileSync(join(docroot, 'main.py'), APP)

const logger = { info () {}, warn () {}, error () {} }
const DOCUMENT = JSON.stringify({ openapi: '3.1.0', info: { title: 'path' } })

/** @returns {Promise<string>} the title of the document */
async function titleOf ({ place, document = DOCUMENT, url, appTarget = 'main:app' }) {
  const env = { PLACE: place, DOCUMENT: document }
  const options = { docroot, python: VENV_PYTHON, appTarget, env, lifespan: 'off' }
  return (await openapiDocument(options, url, logger)).info.title
}

leakTest('the document of an application without openapi() is at a usual path', async () => {
  for (const place of ['/openapi.json', '/schema/openapi.json', '/api/openapi.json']) {
    assert.equal(await titleOf({ place }), 'path')
  }
})

leakTest('the document of openapi() comes first, unless a URL is given', async () => {
  const appTarget = 'main:described'
  assert.equal(await titleOf({ place: '/openapi.json', appTarget }), 'method')
  const url = 'https://shop.example/docs.json'
  assert.equal(await titleOf({ place: 'shop.example/docs.json', appTarget, url }), 'path')
})

leakTest('a document that cannot be used says why', async () => {
  const place = '/openapi.json'
  for (const [document, fact] of [
    ['{"swagger": "2.0"}', /Swagger 2\.0/], ['[]', /no 'openapi'/], ['<html>', /JSON object/],
    ['null', /JSON object/]
  ]) {
    await assert.rejects(titleOf({ place, document }), (error) =>
      error instanceof OpenapiError && fact.test(error.message))
  }
  await assert.rejects(titleOf({ place: '/elsewhere' }), (error) =>
    error instanceof OpenapiError && /404/.test(error.message))
})
