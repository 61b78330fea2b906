/**
 * The matrix of platforms: `npm run platforms -- [--list] [--only CELL,…] [--write]`.
 *
 * Runs the cells with the tarballs in dist/ and keeps their results in build/platforms/results.
 * --write puts the results of all cells, of this run and of earlier ones, into docs/platforms.md.
 */

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { platforms } from '../../scripts/package/platforms.js'
import { CELLS, chosen } from './cells.js'
import { renderPage, total } from './page.js'
import { DIST, PLATFORMS } from './places.js'
import { readTarballs, serveTarballs } from './registry.js'
import { runCell } from './run-cell.js'

const PAGE = fileURLToPath(new URL('../../docs/platforms.md', import.meta.url))
const resultFile = (name) => join(PLATFORMS, 'results', `${name}.json`)

const { values } = parseArgs({
  options: {
    list: { type: 'boolean' },
    only: { type: 'string' },
    write: { type: 'boolean' }
  }
})

// What a cell has started ends with this process.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

if (values.list) {
  for (const { name } of CELLS) console.log(name)
} else {
  process.exitCode = await run()
}

async function run () {
  const cells = chosen(values.only)
  const tarballs = await readTarballs(DIST)
  const main = tarballs.find(({ manifest }) => manifest.name === 'node-asgi')
  if (main === undefined) {
    console.error('There are no packages in dist/. Make them with `npm run package`')
    return 1
  }
  await mkdir(join(PLATFORMS, 'results'), { recursive: true })
  const registry = await serveTarballs(tarballs)
  const counts = { ran: 0, refused: 0, skipped: 0, failed: 0 }
  for (const cell of cells) {
    const result = await runCell(cell, { main: main.file, registry: registry.url })
    counts[result.outcome] += 1
    await writeFile(resultFile(cell.name), JSON.stringify(result, null, 2) + '\n')
    console.log(`${cell.name}: ${result.outcome}\n${describe(result).replace(/^/gm, '    ')}`)
  }
  registry.close()
  console.log(Object.entries(counts).map(([name, count]) => `${count} ${name}`).join(', '))
  if (values.write) await write()
  return counts.failed > 0 ? 1 : 0
}

function describe ({ outcome, seconds, message }) {
  if (outcome !== 'ran') return message.trim()
  const { npm, pip, first } = seconds
  return `${total(seconds).toFixed(1)} s from an empty folder to the first response (npm ${npm}, ` +
    `Python ${pip}, the program ${first})`
}

async function write () {
  const results = await Promise.all(CELLS.map(async ({ name }) => {
    const text = await readFile(resultFile(name), 'utf8').catch(() => undefined)
    return text === undefined
      ? { name, outcome: 'skipped', date: '', message: 'not tried yet' }
      : JSON.parse(text)
  }))
  await writeFile(PAGE, renderPage(await readFile(PAGE, 'utf8'), results, platforms))
}
