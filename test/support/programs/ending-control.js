/**
 * A Node worker thread that ends while its control socket has something to report. Node waits for
 * its other handles to close, and the socket's callback runs in the meantime.
 */

import { spawn } from 'node:child_process'

import { loadBinding } from '../../../addon/lib/binding.js'

const { Control } = loadBinding()
const control = new Control(() => {})
const child = spawn('sleep', ['0.1'], { stdio: ['ignore', 'pipe', 'pipe'] })
child.unref()
control.spawned(child.pid)
process.exit(0)
