/** The files of the page. */

import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'

const require = createRequire(import.meta.url)

const HTML = 'text/html; charset=utf-8'
const CSS = 'text/css; charset=utf-8'
const SVG = 'image/svg+xml'
const SCRIPT = 'text/javascript; charset=utf-8'

/** @type {Record<string, { type: string, place: () => string | URL }>} */
const FILES = {
  '': { type: HTML, place: () => new URL('./page/index.html', import.meta.url) },
  'dashboard.css': { type: CSS, place: () => new URL('./page/dashboard.css', import.meta.url) },
  'dashboard.js': { type: SCRIPT, place: () => new URL('./page/dashboard.js', import.meta.url) },
  'charts.js': { type: SCRIPT, place: () => new URL('./page/charts.js', import.meta.url) },
  'icon.svg': { type: SVG, place: () => new URL('./page/icon.svg', import.meta.url) },
  'stack.js': { type: SCRIPT, place: () => new URL('./page/stack.js', import.meta.url) },
  'tables.js': { type: SCRIPT, place: () => new URL('./page/tables.js', import.meta.url) },
  'text.js': { type: SCRIPT, place: () => new URL('./page/text.js', import.meta.url) },
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
