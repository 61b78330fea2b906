import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { assertFacts } from '../support/facts.js'
import { APPS } from '../support/harness.js'
import { Run, endRuns } from '../support/run.js'
import { FLAGS } from '../../addon/lib/cli/settings/table.js'

const LIMIT = 60_000

/** @returns {Promise<{ status: number, headers: object, text: string }>} */
async function fetchText (options) {
  const request = get({ host: '127.0.0.1', ...options })
  const [response] = await once(request, 'response')
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  return { status: response.statusCode, headers: response.headers, text }
}

describe('node-asgi', { timeout: 3 * LIMIT }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'node-asgi-cli-'))
  const runs = []

  function start (args, env) {
    runs.push(new Run(['--workers', '1', ...args], env))
    return runs.at(-1)
  }

  afterEach(() => endRuns(runs))

  after(() => rmSync(directory, { recursive: true }))

  it('prints its address and its interpreter, serves, and exits with 0 on SIGTERM', async () => {
    const run = start(['--docroot', APPS], { PORT: '0' })
    const port = await run.port()
    const { status, text } = await fetchText({ port })
    assert.equal(status, 200)
    assert.equal(text, 'Hello, world!')
    run.child.kill('SIGTERM')
    assert.equal(await run.closed, 0)
    const interpreter = '/\\S+ \\(Python 3\\.\\d+\\.\\d+, from .+\\)'
    assert.match(run.stdout,
      new RegExp(`^Listening on http://127\\.0\\.0\\.1:${port} with ${interpreter}\n$`))
  })

  it('finishes a request in flight on a keep-alive connection when it stops', async () => {
    const run = start(['slow_app:app', '--docroot', APPS, '--port', '0'])
    const port = await run.port()
    const agent = new Agent({ keepAlive: true })
    const answer = fetchText({ port, agent, path: '/?ms=1000' })
    while ((await fetchText({ port, path: '/active' })).text !== '1') await sleep(10)
    run.child.kill('SIGINT')
    await run.match('stderr', /SIGINT/)
    const { status, text, headers } = await answer
    assert.equal(status, 200)
    assert.equal(text, 'waited 1000 ms')
    assert.equal(headers.connection, 'close')
    assert.equal(await run.closed, 0)
  })

  it('exits at once on a second signal', async () => {
    const run = start(['slow_app:app', '--docroot', APPS, '--port', '0', '--timeout-drain', '600'])
    const port = await run.port()
    const answer = fetchText({ port, path: '/?ms=600000' })
    while ((await fetchText({ port, path: '/active' })).text !== '1') await sleep(10)
    run.child.kill('SIGTERM')
    await run.match('stderr', /SIGTERM/)
    run.child.kill('SIGTERM')
    await assert.rejects(answer, { code: 'ECONNRESET' })
    assert.equal(await run.closed, 128 + 15)
  })

  it('can be stopped while it is starting', async () => {
    const run = start(['lifespan_hang_app:app', '--docroot', APPS, '--port', '0'])
    while (run.processes().length < 3) await sleep(10) // Node, fork server, worker
    run.child.kill('SIGTERM')
    assert.equal(await run.closed, 0)
    assert.equal(run.stdout, '')
  })

  it('logs requests to stdout and passes on the output of the application', async () => {
    const run = start(['print_app:app', '--docroot', APPS, '--port', '0', '--access-log'])
    const port = await run.port()
    for (const path of ['/stdout?b=c', '/stderr', '/logging']) await fetchText({ port, path })
    await run.match('stdout', /^127\.0\.0\.1 - - \[.*\] "GET \/stdout\?b=c HTTP\/1\.1" 200 7\n/m)
    await run.match('stdout', /^\[worker 1, pid \d+\] one line in 4 pieces\n/m)
    await run.match('stderr', /^\[worker 1, pid \d+\] a line on stderr\n/m)
    await run.match('stderr', /^\[worker 1, pid \d+\] warn: a line from logging\n/m)
  })

  it('listens on a Unix socket', async () => {
    const socketPath = join(directory, 'socket')
    const run = start(['--docroot', APPS, '--uds', socketPath])
    await run.match('stdout', new RegExp(`^Listening on unix:${socketPath} with .*\n`))
    const request = get({ socketPath, path: '/' })
    const [response] = await once(request, 'response')
    response.resume()
    assert.equal(response.statusCode, 200)
  })

  it('reloads on SIGHUP while the old worker finishes its request', async () => {
    const run = start(['slow_app:app', '--docroot', APPS, '--port', '0'])
    const port = await run.port()
    const answer = fetchText({ port, path: '/?ms=1000' })
    while ((await fetchText({ port, path: '/active' })).text !== '1') await sleep(10)
    run.child.kill('SIGHUP')
    await run.match('stderr', /SIGHUP[^]*reload[^]*\b\d+ ms\b/)
    assert.equal((await fetchText({ port, path: '/active' })).text, '0')
    assert.equal((await answer).text, 'waited 1000 ms')
    run.child.kill('SIGTERM')
    assert.equal(await run.closed, 0)
  })

  it('has one worker more after SIGTTIN, and one fewer after SIGTTOU', async () => {
    const run = start(['--docroot', APPS, '--port', '0', '--health', '/health'])
    const port = await run.port()
    const ready = async () =>
      JSON.parse((await fetchText({ port, path: '/health/readyz' })).text).workers.ready
    assert.equal(await ready(), 1)
    run.child.kill('SIGTTIN')
    await run.match('stderr', /SIGTTIN: 2 workers/)
    while (await ready() !== 2) await sleep(10)
    run.child.kill('SIGTTOU')
    await run.match('stderr', /SIGTTOU: 1 worker/)
    while (await ready() !== 1) await sleep(10)
    run.child.kill('SIGTTOU')
    await run.match('stderr', /SIGTTOU: there is only one worker/)
    assert.equal(await ready(), 1)
    run.child.kill('SIGTERM')
    assert.equal(await run.closed, 0)
  })

  it('serves with as many workers as there is work for', async () => {
    const run = start(['elastic_app:app', '--docroot', APPS, '--port', '0', '--preload',
      '--workers', '0-2', '--workers-idle', '0.1'])
    const port = await run.port()
    assert.equal((await fetchText({ port, path: '/' })).status, 200)
    run.child.kill('SIGTTIN')
    await run.match('stderr', /SIGTTIN: 1 to 3 workers/)
    run.child.kill('SIGTERM')
    assert.equal(await run.closed, 0)
  })

  it('--reload serves saved changes, and keeps the old code while they are broken', async () => {
    const docroot = join(directory, 'reloaded')
    mkdirSync(docroot)
    const write = (code) => writeFileSync(join(docroot, 'main.py'), code)
    const app = (text) => 'async def app(scope, receive, send):\n' +
      "    if scope['type'] != 'http':\n        return\n" +
      "    await send({'type': 'http.response.start', 'status': 200, 'headers': []})\n" +
      `    await send({'type': 'http.response.body', 'body': b'${text}'})\n`
    write('import no_such_module\n')
    const run = start(['--docroot', docroot, '--port', '0', '--reload'])
    const port = await run.port()
    await run.match('stderr', /no_such_module[^]*waiting/)
    assert.equal((await fetchText({ port })).status, 503)
    write(app('first'))
    await run.match('stderr', /main\.py[^]*reload[^]*\b\d+ ms\b/)
    assert.equal((await fetchText({ port })).text, 'first')
    write('import another_missing_module\n')
    await run.match('stderr', /another_missing_module/)
    assert.equal((await fetchText({ port })).text, 'first')
    write(app('the second'))
    while ((await fetchText({ port })).text !== 'the second') await sleep(20)
    run.child.kill('SIGTERM')
    assert.equal(await run.closed, 0)
  })

  it('exits with 1 and a Python traceback when the application cannot be imported', async () => {
    const run = start(['raise_at_import_app:app', '--docroot', APPS, '--port', '0'])
    assert.equal(await run.closed, 1)
    assert.equal(run.stdout, '')
    assert.match(run.stderr, /Traceback .*\n(.*\n)*.*in read_configuration\n/)
    assert.match(run.stderr, /RuntimeError: DATABASE_URL is not set/)
  })

  it('exits with 1 and names the address and --port when a port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address()
    const run = start(['--docroot', APPS, '--port', String(port)])
    assert.equal(await run.closed, 1)
    assertFacts(run.stderr, [`127.0.0.1:${port}`, 'EADDRINUSE', '--port'])
    other.close()
  })

  it('exits with 2 and names the argument when one is wrong', async () => {
    const missing = join(directory, 'missing')
    for (const [args, facts] of [
      [['--bogus'], ['--bogus']],
      [['--docroot', missing], [/docroot/, missing]],
      [['no colon'], ['no colon']],
      [['--reload-dir', directory], ['--reload-dir', '--reload']]
    ]) {
      const run = start(args)
      assert.equal(await run.closed, 2, run.stderr)
      assertFacts(run.stderr, facts)
    }
  })

  for (const [what, args, flag] of [
    ['a docroot that does not exist', ['--docroot', '/nowhere/at/all'], '--docroot'],
    ['a target that is not valid', ['no colon'], '[app]'],
    ['an application that does not exist', ['no_such_module:app'], '[app]'],
    ['an interpreter that does not exist', ['--python', '/nowhere/python3'], '--python'],
    ['a start that takes too long',
      ['lifespan_hang_app:app', '--timeout-startup', '0.7'], '--timeout-startup'],
    ['a module to preload that does not exist', ['--preload', 'not_there'], '--preload'],
    ['too many workers', ['--workers', '100000'], '--workers']
  ]) {
    it(`names the flag about ${what}, and no option of the API`, async () => {
      const run = start(['--docroot', APPS, '--port', '0', ...args])
      assert.notEqual(await run.closed, 0)
      const message = run.stderr.split(/\n.*Traceback/)[0]
      assert(message.includes(flag), message)
      // Some names of options are ordinary words, unless they stand next to "option".
      const names = Object.keys(FLAGS)
      const any = names.join('|')
      const telling = names.filter((name) => /[.A-Z]/.test(name))
        .concat('docroot', 'preload', 'workers').join('|')
      assert.doesNotMatch(message, new RegExp(`(?<![-/\\w])(${telling})(?!\\w)`))
      assert.doesNotMatch(message, new RegExp(`\\b(${any}) option\\b|\\boption (${any})\\b`))
    })
  }
})
