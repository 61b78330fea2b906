import type { PythonHandler } from 'node-asgi'
import { type Override, type TestPythonOptions, testPython } from 'node-asgi/testing'
import { testPython as implementation } from '../../addon/lib/testing/testing.js'
import { type Equal, expectTrue } from './expect.js'

expectTrue<Equal<ReturnType<typeof testPython>, Promise<PythonHandler>>>()
testPython()
testPython({
  appTarget: 'main:app',
  timeouts: { drain: 5 },
  overrides: { 'main:get_db': 'fakes:get_db', 'main:get_settings': { value: { debug: true } } }
})
// @ts-expect-error: a dependency is replaced by a name or by { value }.
testPython({ overrides: { 'main:get_db': 7 } })
expectTrue<Equal<TestPythonOptions['overrides'], Record<string, Override> | undefined>>()

const options: Record<string, unknown> = {}
implementation(options)

async function scoped () {
  await using python = await testPython()
  await python.fetch('/')
}
