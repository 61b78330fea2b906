/** Processes that an application starts itself, which are not workers. */

import assert from 'node:assert/strict'

import { childProcesses, eventually, isAlive, withPython } from '../support/harness.js'

const ask = async (python, url) => (await python.handleRequest({ method: 'POST', url })).json()

for (const loop of ['asyncio', 'uvloop']) {
  const app = { appTarget: 'children_app:app', loop }

  withPython(`${loop}: a forked child has no ring, bell or lifeline`, app, async (python) => {
    const { parent, child } = await ask(python, '/os-fork')
    assert.ok(parent.shared.length > 0)
    assert.deepEqual(child.shared, [])
    const kind = (link) => link.replace(/\d+/g, '')
    const lost = Object.entries(parent.fds).filter(([fd]) => !(fd in child.fds))
      .map(([, link]) => kind(link))
    assert.deepEqual(lost.filter((link) => /memfd|pipe|socket/.test(link)).sort(),
      ['/memfd:node-asgi (deleted)', 'pipe:[]', 'socket:[]', 'socket:[]'])
  })

  withPython(`${loop}: a child of a forked child keeps its parent's files`, app, async (python) => {
    const lines = []
    python.on('stderr', (line) => lines.push(line))
    assert.deepEqual(await ask(python, '/nested'), [])
    assert.deepEqual(lines, [])
  })

  withPython(`${loop}: SIGTERM to a child ends only the child`, app, async (python) => {
    const pid = await ask(python, '/pid')
    assert.deepEqual(await ask(python, '/sigterm?n=20'), Array(20).fill(-15))
    for (let i = 0; i < 20; i++) assert.equal(await ask(python, '/pid'), pid)
    assert.deepEqual(python.stats().exits, {})
  })

  withPython(`${loop}: a child that returns into the event loop dies`, app, async (python) => {
    const pid = await ask(python, '/pid')
    assert.equal(await ask(python, '/return'), -11)
    assert.equal(await ask(python, '/pid'), pid)
  })

  withPython(`${loop}: multiprocessing, pools, subprocesses, threads`, app, async (python) => {
    assert.equal(await ask(python, '/multiprocessing'), 49)
    assert.deepEqual(await ask(python, '/pool'), [0, 1, 4, 9])
    assert.equal(await ask(python, '/subprocess'), 'from a subprocess\n')
    assert.equal(await ask(python, '/threads'), 64)
    // The pool keeps running and ends with its worker, even if the worker is killed.
    assert.deepEqual(await ask(python, '/pool'), [0, 1, 4, 9])
    const { pid } = python.stats().workers[0]
    const pool = childProcesses(pid)
    assert.ok(pool.length >= 2)
    process.kill(pid, 'SIGKILL')
    await eventually(() => assert.equal(python.stats().exits.crash, 1))
    await eventually(() => assert.equal(python.stats().ready, 1))
    assert.notEqual(await ask(python, '/pid'), pid)
    await eventually(() => assert.deepEqual(pool.filter(isAlive), []))
  })
}
