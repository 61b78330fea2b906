import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const index = new URL('../../addon/lib/index.js', import.meta.url)
const docroot = fileURLToPath(new URL('../../fixtures/apps', import.meta.url))

/** What programs may do without: packages by their folder, parts of Node.js by their name. */
const LATER = ['ws', 'proxy-addr', 'forwarded-parse', 'range-parser', 'chokidar', 'commander',
  'prom-client', '@opentelemetry/api', 'http2', 'https', 'tls']

/**
 * Runs a program and tells which of LATER it has loaded.
 * @param {string} program
 * @param {string[]} [later]
 */
function loadedAlone (program, later = LATER) {
  const script = `
    ${program}
    const { _cache: packages } = (await import('node:module')).default
    console.log(JSON.stringify([...process.moduleLoadList, ...Object.keys(packages)]))`
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script],
    { encoding: 'utf8' })
  const loaded = JSON.parse(output)
  return later.filter((name) => loaded.some((each) =>
    each === `NativeModule ${name}` || each.includes(`/node_modules/${name}/`)))
}

/** @param {string} program it has PythonHandler */
const loadedBy = (program) =>
  loadedAlone(`const { PythonHandler } = await import('${index}')\n${program}`)

test('importing the package loads nothing that many programs never use', () => {
  assert.deepEqual(loadedBy(''), [])
})

test('requests from the program need none of it either', () => {
  assert.deepEqual(loadedBy(`
    const python = new PythonHandler({ docroot: '${docroot}', appTarget: 'main:app', workers: 1 })
    await python.handleRequest({ url: '/' })
    await python.close()`), [])
})

test('trusting proxies loads what reads the addresses', () => {
  assert.deepEqual(loadedBy(`
    const python = new PythonHandler({
      docroot: '${docroot}', appTarget: 'main:app', workers: 1, trustProxy: 'loopback'
    })
    await python.close()`), ['proxy-addr'])
})

test('a server of the command line needs no more than what reads its arguments', () => {
  const serve = new URL('../../addon/lib/cli/serve.js', import.meta.url)
  assert.deepEqual(loadedBy(`await import('${serve}')`), ['commander'])
})

test('the command line starts Python before it loads a server', () => {
  const [main, start] = ['main', 'start'].map((name) =>
    new URL(`../../addon/lib/cli/${name}.js`, import.meta.url))
  assert.deepEqual(loadedAlone(`await import('${main}')\nawait import('${start}')`,
    [...LATER, 'lilconfig', 'http', 'crypto']), ['commander'])
})

test('without a configuration file, nothing is loaded that reads one', () => {
  const main = new URL('../../addon/lib/cli/main.js', import.meta.url)
  assert.deepEqual(loadedAlone(`
    const { main } = await import('${main}')
    const { write } = process.stdout
    process.stdout.write = () => true
    await main(['check', '--print-config'])
    process.stdout.write = write`, ['lilconfig']), [])
})
