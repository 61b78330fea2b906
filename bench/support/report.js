import { mkdir, writeFile } from 'node:fs/promises'
import os from 'node:os'

export function median (values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Half the distance from the least to the greatest value, as a part of the median. */
export function spread (values) {
  const middle = median(values)
  return middle === 0 ? 0 : (Math.max(...values) - Math.min(...values)) / 2 / middle
}

/** The value below which `part` (0 to 1) of the sorted samples lie. */
export function percentile (sorted, part) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]
}

/** Columns as wide as their widest cell, numbers to the right. */
export function table (header, rows) {
  const cells = [header, ...rows].map(row => row.map(String))
  const widths = header.map((_, column) => Math.max(...cells.map(row => row[column].length)))
  const line = row => row.map((cell, column) => cell.padStart(widths[column])).join('  ')
  return [line(cells[0]), widths.map(width => '-'.repeat(width)).join('  '),
    ...cells.slice(1).map(line)].join('\n')
}

/** Progress goes to stderr, so that stdout holds the result alone. */
export function progress (text) {
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${text}` : `${text}\n`)
}

/** Keeps a result beside the facts it depends on; returns the path. */
export async function save (name, result) {
  const folder = new URL('../results/', import.meta.url)
  await mkdir(folder, { recursive: true })
  const date = new Date().toISOString()
  const file = new URL(`${name}-${date.replaceAll(/[:.]/g, '-')}.json`, folder)
  const machine = {
    cpu: os.cpus()[0]?.model,
    cores: os.availableParallelism(),
    memory: os.totalmem(),
    kernel: os.release(),
    node: process.version
  }
  await writeFile(file, JSON.stringify({ name, date, machine, ...result }, null, 2) + '\n')
  return file.pathname
}
