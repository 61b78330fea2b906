/** The command of examples/container, as process 1 of what Docker would run. */

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { EXAMPLES } from '../support/example.js'
import { APPS, LIMIT } from '../support/harness.js'
import { NOBODY, PYTHON } from '../support/unprivileged.js'

const COMMAND = fileURLToPath(new URL('../../addon/bin/node-asgi.js', import.meta.url))

/** docker run --read-only --cap-drop ALL --security-opt no-new-privileges, with `USER`. */
const CONTAINER = [
  'unshare', '--pid', '--fork', '--mount', '--mount-proc', 'sh', '-euc', `
    mount -o remount,ro,bind /
    for mount in $(cut -d ' ' -f 5 /proc/self/mountinfo); do
      case $mount in /proc* | /sys* | /dev*) ;; *) mount -o remount,ro,bind "$mount" || : ;; esac
    done 2>/dev/null
    if touch /tmp/node-asgi-container 2>/dev/null; then exit 9; fi
    exec setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups --no-new-privs \\
      --bounding-set=-all --inh-caps=-all "$0" "$@"`
]

const [file, ...args] = CONTAINER
const skip = spawnSync(file, [...args, 'true']).status !== 0 && 'needs root to unshare'

test('the command of the Dockerfile serves and stops', { timeout: LIMIT, skip }, async () => {
  const dockerfile = readFileSync(join(EXAMPLES, 'container/Dockerfile'), 'utf8')
  const [node, program, ...options] = JSON.parse(/^CMD (.*)$/m.exec(dockerfile)[1])
  assert.deepEqual([node, program], ['node', 'node_modules/.bin/node-asgi'])
  const port = options.lastIndexOf('8000')
  options[port] = '0'

  const container = spawn(file, [...args, process.execPath, COMMAND, ...options,
    '--workers', '2', '--python', PYTHON], { cwd: APPS, stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(container, 'close')
  try {
    let url
    for await (const line of createInterface(container.stdout)) {
      url = /http:\S+/.exec(line)?.[0]
      if (url !== undefined) break
    }
    assert.equal((await fetch(url.replace('0.0.0.0', '127.0.0.1'))).status, 200)
    process.kill(firstProcess(container), 'SIGTERM')
    assert.deepEqual(await closed, [0, null])
  } finally {
    if (container.exitCode === null) process.kill(firstProcess(container), 'SIGKILL')
  }
})

/** The first process of the namespace, which `docker stop` sends the signal to. */
function firstProcess ({ pid }) {
  return parseInt(readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1'), 10)
}
