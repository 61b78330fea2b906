import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { it } from 'node:test'

import { platformPackages } from '../../../addon/lib/native/packages.js'

const read = (path) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

it('every platform that is built has a package, and no other', () => {
  const { configurePresets } = JSON.parse(read('cmake/packages.json'))
  const built = configurePresets.filter(({ hidden }) => !hidden).map(({ name }) => name)
  assert.deepEqual(Object.keys(platformPackages).sort(), built.sort())
})

it('each platform names its own files in full, for bundlers and file tracers', () => {
  const source = read('addon/lib/native/packages.js')
  for (const platform of Object.keys(platformPackages)) {
    const entry = source.slice(source.indexOf(`'${platform}': {`)).split('}')[0]
    assert(entry.includes(`require('@node-asgi/${platform}/node_asgi.node')`), platform)
    assert(entry.includes(`require('@node-asgi/${platform}').worker`), platform)
    assert(entry.includes(`require('@node-asgi/${platform}/package.json')`), platform)
  }
})
