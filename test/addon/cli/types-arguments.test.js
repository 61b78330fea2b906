import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'

import { UsageError } from '../../../addon/lib/cli/command.js'
import { typesArguments } from '../../../addon/lib/cli/types-arguments.js'
import { parseOptions } from '../../../addon/lib/options.js'
import { userPath } from '../../../addon/lib/util/user-path.js'
import { settingsFor } from '../../support/arguments.js'

/** @param {string[]} argv */
function parseTypesArguments (argv) {
  return typesArguments(settingsFor(argv, 'types'))
}

describe('typesArguments', () => {
  let printed = ''

  beforeEach(() => {
    printed = ''
    const print = (text) => { printed += text; return true }
    mock.method(process.stdout, 'write', print)
    mock.method(process.stderr, 'write', print)
  })

  afterEach(() => mock.restoreAll())

  function refused (...argv) {
    printed = ''
    assert.throws(() => parseTypesArguments(argv),
      (error) => error instanceof UsageError && error.exitCode === 2)
    return printed
  }

  it('asks main:app of the working directory, without lifespan, by default', () => {
    const { handler, output, check, watch, url, folders } = parseTypesArguments([])
    assert.deepEqual([output, check, watch, url], [undefined, false, false, undefined])
    assert.deepEqual(folders, [userPath('.')])
    const { logger, ...settings } = parseOptions(handler)
    const { logger: _, ...defaults } = parseOptions()
    assert.deepEqual(settings, { ...defaults, lifespan: 'off' })
  })

  it('passes on every option', () => {
    const { handler, ...others } = parseTypesArguments([
      'pkg.site:make', '--docroot', '/tmp', '--python', 'python3.12', '--factory', '--interface',
      'wsgi', '--threads', '4', '--env', 'A=1', '--env', 'B=2', '--lifespan', 'on',
      '--timeout-startup', '1.5', '--url', '/api/openapi.json', '-o', 'a.d.ts', '--watch'
    ])
    assert.deepEqual(handler, {
      appTarget: 'pkg.site:make',
      docroot: '/tmp',
      python: 'python3.12',
      factory: true,
      interface: 'wsgi',
      threads: 4,
      env: { A: '1', B: '2' },
      lifespan: 'on',
      timeouts: { startup: 1500 }
    })
    assert.deepEqual(others, {
      url: '/api/openapi.json', output: 'a.d.ts', check: false, watch: true, folders: ['/tmp']
    })
  })

  it('refuses modes that need a file without one, and two modes together', () => {
    assert.match(refused('--check'), /--check needs --output/)
    assert.match(refused('--watch'), /--watch needs --output/)
    assert.match(refused('--check', '--watch', '-o', 'x'), /--check and --watch/)
    assert.match(refused('--bogus'), /node-asgi types --help/)
  })
})
