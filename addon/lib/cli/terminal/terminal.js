import { closeSync, openSync } from 'node:fs'

/** Whether this process has a terminal: without one, /dev/tty cannot be opened (tty(4)). */
export function hasTerminal () {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}
