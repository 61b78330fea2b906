/**
 * Makes what is published, in `dist/`: the package node-asgi, and one with native files for each
 * platform, which zig compiles here. Run `npm run package`, with `-- --platform NAME` for some
 * platforms only, or with `-- --check` to only verify what is in `dist/`.
 */

import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { checkPackages } from './check.js'
import { MAIN, packageName, platforms, root, tarballName } from './platforms.js'

const { values } = parseArgs({
  options: {
    platform: { type: 'string', multiple: true, default: platforms },
    check: { type: 'boolean', default: false }
  }
})
const chosen = /** @type {string[]} */ (values.platform)
for (const platform of chosen) {
  if (!platforms.includes(platform)) {
    console.error(`There is no platform ${platform}, only ${platforms.join(', ')}`)
    process.exit(2)
  }
}

const run = (/** @type {string} */ command, /** @type {string[]} */ ...args) =>
  execFileSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })

/** @param {string} folder of a package */
function pack (folder) {
  execFileSync('npm', ['pack', '--silent', '--pack-destination', 'dist', `./${folder}`],
    { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
}

async function make () {
  for (const platform of chosen) run('bash', 'scripts/setup.sh', platform)
  // What these import has been installed only now.
  const { stagePackage } = await import('./stage.js')
  const { stagePlatform } = await import('./platform-package.js')
  const { billOfMaterials } = await import('./sbom.js')
  const checkout = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  mkdirSync(join(root, 'dist'), { recursive: true })
  await stagePackage(join(root, 'packages', MAIN))
  pack(`packages/${MAIN}`)
  for (const platform of chosen) {
    stagePlatform(join(root, 'packages', platform), platform, checkout)
    pack(`packages/${platform}`)
  }
  writeFileSync(join(root, `dist/${MAIN}-${checkout.version}.cdx.json`), billOfMaterials(chosen))
  for (const name of [MAIN, ...chosen.map(packageName)]) {
    console.log(`dist/${tarballName(name, checkout.version)}`)
  }
}

if (values.check) run('bash', 'scripts/toolchain.sh')
else await make()

const problems = checkPackages(chosen)
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exit(1)
console.log(`Verified ${chosen.length + 1} packages`)
