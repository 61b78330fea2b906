// JavaScript takes the numbers of the protocol from the addon, and repeats none of them.
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { describe, it } from 'node:test'

import { loadBinding } from '../../addon/lib/binding.js'

const { limits } = loadBinding()
const LIBRARY = new URL('../../addon/lib/', import.meta.url)

/** Numbers that JavaScript has for another reason. */
const COINCIDENCES = {
  'cli/settings/network.js': [64 * 1024], // bytes of the head of a request
  'cli/values.js': [2 ** 20], // a MiB
  'dashboard/viewers.js': [2 ** 20], // bytes that a viewer may be behind
  'options.js': [2 ** 30, 3000], // bytes that fit a Buffer; milliseconds
  // For handlers that load no addon. remote/limits.test.js compares all of them.
  'remote/limits.js': [64 * 1024, 256 * 1024, 512 * 1024, 123, 4999, 3000],
  'remote/socket-request.js': [64 * 1024], // bytes that may wait in a socket
  'stream/file-response.js': [256 * 1024], // bytes that are read at a time
  'websocket/exchange.js': [64 * 1024], // bytes that may wait in a socket
  'supervisor/memory-warning.js': [2 ** 20], // a MiB
  'worker/line-reader.js': [64 * 1024], // characters of a line
  'worker/stack-report.js': [2 ** 20] // characters of a report
}

// The least status is "OK" as well, and the least close code is the most common round number.
const { minStatus, minCloseCode, ...others } = limits
const numbers = new Set(Object.values(others).filter((number) => number > 100))

const LITERAL = String.raw`\d[\d_]*(?:\.\d+)?`
const PRODUCT = new RegExp(
  String.raw`(?<![\w.])${LITERAL}(?:\s*\*{1,2}\s*${LITERAL})*(?![\w.])`, 'g')

/** @returns {number[]} the values of literals in a source, and of products and powers of them */
function literalsOf (source) {
  const code = source
    .replace(/\/\*[^]*?\*\/|(?<=^|\s)\/\/.*$/gm, '')
    .replace(/'(?:\\.|[^'\\\n])*'/g, "''")
  return [...code.matchAll(PRODUCT)].map(([text]) => text.replaceAll('_', '')
    .split(/(?<!\*)\*(?!\*)/)
    .map((factor) => factor.split('**').map(Number).reduce((base, power) => base ** power))
    .reduce((left, right) => left * right))
}

describe('the numbers of the protocol', () => {
  it('are found in every spelling', () => {
    assert.deepEqual(literalsOf("a = 64 * 1024 // 123\n + 2 ** 18 * 2 + '5' + 65_536 + x1"),
      [65536, 2 ** 19, 65536])
  })

  it('are those that the type declarations document', () => {
    const options = readFileSync(new URL('types/options.d.ts', LIBRARY), 'utf8')
    const { minRing, maxRing, defaultRing } = limits
    const ring = new RegExp(
      String.raw`from\s+(?:\* )?${minRing / 2 ** 10} KiB to ${maxRing / 2 ** 30} GiB\.\s+` +
      String.raw`\* @defaultValue .${defaultRing / 2 ** 10} \* 1024.`, 'g')
    assert.equal(options.match(ring)?.length, 2)
    const websocket = readFileSync(new URL('types/websocket.d.ts', LIBRARY), 'utf8')
    const { minAppCloseCode, maxCloseCode, closeReason } = limits
    assert(websocket.includes(`${minAppCloseCode} to ${maxCloseCode}`))
    assert(websocket.includes(`at most ${closeReason} bytes`))
  })

  it('are not repeated in JavaScript', () => {
    // The page of the dashboard runs in a browser.
    const files = readdirSync(LIBRARY, { recursive: true })
      .filter((name) => name.endsWith('.js') && !name.startsWith('dashboard/page/'))
    assert(files.length > 40)
    for (const name of files) {
      const found = literalsOf(readFileSync(new URL(name, LIBRARY), 'utf8'))
        .filter((number) => numbers.has(number))
      const expected = new Set(COINCIDENCES[name] ?? [])
      assert.deepEqual(new Set(found), expected, name)
    }
  })
})
