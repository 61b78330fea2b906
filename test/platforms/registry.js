/**
 * A registry with the packages for platforms, as npm asks one for them. So `npm install` chooses
 * among them itself, by the processor, the system and the C library that it finds.
 */

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** @typedef {{ manifest: any, file: string, contents: Buffer }} Tarball */

/**
 * Reads the tarballs of a folder.
 * @param {string} folder
 * @returns {Promise<Tarball[]>}
 */
export async function readTarballs (folder) {
  const names = await readdir(folder).catch(() => [])
  return Promise.all(names.filter((name) => name.endsWith('.tgz')).map(async (name) => {
    const file = join(folder, name)
    const { stdout } = await promisify(execFile)('tar', ['-xzOf', file, 'package/package.json'])
    return { manifest: JSON.parse(stdout), file, contents: await readFile(file) }
  }))
}

/**
 * Serves tarballs until it is closed.
 * @param {Tarball[]} tarballs
 * @returns {Promise<{ url: string, close: () => void }>}
 */
export async function serveTarballs (tarballs) {
  const server = createServer((req, res) => {
    const path = decodeURIComponent(req.url ?? '').slice(1)
    const download = tarballs.find(({ manifest }) => path === `${manifest.name}.tgz`)
    if (download !== undefined) return res.end(download.contents)
    const found = tarballs.find(({ manifest }) => path === manifest.name)
    if (found === undefined) return res.writeHead(404).end('{}')
    const { manifest, contents } = found
    res.end(JSON.stringify({
      name: manifest.name,
      'dist-tags': { latest: manifest.version },
      versions: {
        [manifest.version]: {
          ...manifest,
          dist: {
            tarball: `${url}/${manifest.name}.tgz`,
            integrity: `sha512-${createHash('sha512').update(contents).digest('base64')}`
          }
        }
      }
    }))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${server.address().port}`
  return { url, close: () => { server.close(); server.closeAllConnections() } }
}
