/** The bill of materials (CycloneDX): what npm installs, and what is compiled in. */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { linkedIn } from './linked.js'
import { root } from './platforms.js'

/**
 * @param {string[]} platforms
 * @returns {string} JSON
 */
export function billOfMaterials (platforms) {
  const bill = installedByNpm()
  const parts = new Map(platforms.flatMap(linkedIn).map((part) => [part.name, part]))
  bill.components.push(...[...parts.values()].map(({ name, version, purl, licence }) => ({
    'bom-ref': `native/${name}`,
    type: 'library',
    name,
    version,
    scope: 'required',
    purl,
    licenses: [{ expression: licence }]
  })))
  return `${JSON.stringify(bill, null, 2)}\n`
}

/**
 * The bill of npm. With --omit=dev, npm forgets packages that are for development, too. So it gets
 * a project that has no others.
 */
function installedByNpm () {
  const folder = mkdtempSync(join(tmpdir(), 'node-asgi-sbom-'))
  try {
    const read = (/** @type {string} */ name) => JSON.parse(readFileSync(join(root, name), 'utf8'))
    const { devDependencies, ...manifest } = read('package.json')
    const lock = read('package-lock.json')
    lock.packages = Object.fromEntries(Object.entries(lock.packages).filter(([, { dev }]) => !dev))
    delete lock.packages[''].devDependencies
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock))
    const bill = JSON.parse(execFileSync('npm',
      ['sbom', '--sbom-format=cyclonedx', '--package-lock-only'],
      { cwd: folder, encoding: 'utf8' }))
    // npm takes the name of the folder.
    bill.metadata.component.name = manifest.name
    return bill
  } finally {
    rmSync(folder, { recursive: true })
  }
}
