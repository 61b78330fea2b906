/** Folders of the matrix. */

import { fileURLToPath } from 'node:url'

/** Everything that is downloaded, compiled or written by a run. */
export const PLATFORMS = fileURLToPath(new URL('../../build/platforms', import.meta.url))

/** The tarballs that `npm run package` makes. */
export const DIST = fileURLToPath(new URL('../../dist', import.meta.url))
