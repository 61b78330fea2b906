/** Puts the files of the package of a platform into a folder, which npm can pack. */

import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { notice } from './notice.js'
import { BINARIES, installedOn, packageName, root } from './platforms.js'

/** What its package.json has in common with that of the main package. */
const SHARED = ['version', 'license', 'author', 'repository', 'bugs', 'homepage', 'engines']

/** Names the file that no `require()` can name, in a form that file tracers understand. */
export const INDEX = `'use strict'

const { join } = require('node:path')

exports.worker = join(__dirname, '_worker.abi3.so')
`

/**
 * @param {string} folder is replaced
 * @param {string} platform
 * @param {Record<string, any>} checkout the package.json of the checkout
 */
export function stagePlatform (folder, platform, checkout) {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const file of BINARIES) {
    const built = join(root, 'build', platform, file)
    if (!existsSync(built)) throw new Error(`There is no build/${platform}/${file} to pack`)
    copyFileSync(built, join(folder, file))
  }
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))
  writeFileSync(join(folder, 'NOTICE'), notice(platform))
  writeFileSync(join(folder, 'README.md'), readme(platform, checkout))
  writeFileSync(join(folder, 'index.js'), INDEX)
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify({
    name: packageName(platform),
    description: `The native files of node-asgi for ${platform}`,
    ...Object.fromEntries(SHARED.map((key) => [key, checkout[key]])),
    ...installedOn(platform),
    main: 'index.js',
    files: [...BINARIES, 'index.js', 'NOTICE'],
    // Yarn keeps it in a folder: neither Node.js nor Python can load a file from an archive.
    preferUnplugged: true,
    publishConfig: { access: 'public' }
  }, null, 2)}\n`)
}

/** @returns {string} */
const readme = (/** @type {string} */ platform, /** @type {{ homepage: string }} */ { homepage }) =>
  `# ${packageName(platform)}

The native files of [node-asgi](${homepage}) for ${platform}: the addon for Node.js and the
extension module for Python. npm installs this package with \`node-asgi\` where it suits.
`
