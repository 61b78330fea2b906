/** The browser of the tests. */

import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The path of the first program found on PATH, or undefined. */
function find (...names) {
  for (const name of names) {
    for (const folder of process.env.PATH.split(delimiter)) {
      try {
        accessSync(join(folder, name), constants.X_OK)
        return join(folder, name)
      } catch {} // not here
    }
  }
}

export const chromium = find('chromium', 'chromium-browser', 'google-chrome')

/** Why tests with a browser are skipped, or false. */
export const withoutBrowser = chromium === undefined &&
  'Chromium is missing; install it with `apt-get install chromium`'
