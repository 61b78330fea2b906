/** The files of the page. */

import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'

const require = createRequire(import.meta.url)

const page = new URL('./page/', import.meta.url)

const HTML = 'text/html; charset=utf-8'
const CSS = 'text/css; charset=utf-8'
const SVG = 'image/svg+xml'
const SCRIPT = 'text/javascript; charset=utf-8'

/** @type {Record<string, { type: string, place: () => string | URL }>} */
const FILES = {
  '': { type: HTML, place: () => new URL('index.html', page) },
  'dashboard.css': { type: CSS, place: () => new URL('dashboard.css', page) },
  'dashboard.js': { type: SCRIPT, place: () => new URL('dashboard.js', page) },
  'charts.js': { type: SCRIPT, place: () => new URL('charts.js', page) },
  'icon.svg': { type: SVG, place: () => new URL('icon.svg', page) },
  'stack.js': { type: SCRIPT, place: () => new URL('stack.js', page) },
  'tables.js': { type: SCRIPT, place: () => new URL('tables.js', page) },
  'text.js': { type: SCRIPT, place: () => new URL('text.js', page) },
  'uplot.css': { type: CSS, place: () => require.resolve('uplot/dist/uPlot.min.css') },
  'uplot.js': { type: SCRIPT, place: () => require.resolve('uplot/dist/uPlot.iife.min.js') }
}

/** @type {Map<string, { type: string, content: Buffer }>} */
const loaded = new Map()

/**
 * @param {string} name the last part of a path
 * @returns {{ type: string, content: Buffer } | null} null: there is no such file
 */
export function pageFile (name) {
  if (!Object.hasOwn(FILES, name)) return null
  let file = loaded.get(name)
  if (file === undefined) {
    const { type, place } = FILES[name]
    loaded.set(name, file = { type, content: readFileSync(place()) })
  }
  return file
}
