/**
 * Draws an import graph as SVG. Each layer is a band, and a file stands below the files that import
 * it. Type imports are dashed; imports that break a rule are red. In a browser, pointing at a file
 * marks what it imports (blue) and what imports it (green).
 */
const BOX = { width: 126, height: 22 }
const COLUMN = 150
const ROW = 58
const MARGIN = 16
const LABEL = 90

const STYLE = `
text { font: 12px sans-serif; fill: #1f2933 }
.band { fill: #f2f5fa }
.layer { font-weight: bold }
.file rect { fill: #fff; stroke: #52606d }
.file text { text-anchor: middle }
path { fill: none; stroke: #3e4c59; stroke-opacity: .3 }
.type { stroke-dasharray: 4 3 }
.forbidden { stroke: #d64545; stroke-width: 2; stroke-opacity: .9 }
.imports { stroke: #0b69a3; stroke-width: 2; stroke-opacity: 1 }
.imported { stroke: #207227; stroke-width: 2; stroke-opacity: 1 }`

const SCRIPT = `
for (const file of document.querySelectorAll('.file')) {
  const mark = (on) => {
    for (const path of document.querySelectorAll('path')) {
      path.classList.toggle('imports', on && path.dataset.from === file.dataset.source)
      path.classList.toggle('imported', on && path.dataset.to === file.dataset.source)
    }
  }
  file.addEventListener('mouseenter', () => mark(true))
  file.addEventListener('mouseleave', () => mark(false))
}`

/**
 * @param {string[][]} layers name and pattern of each, from top to bottom
 * @param {import('dependency-cruiser').IModule[]} modules
 * @returns {string}
 */
export function drawLayers (layers, modules) {
  const bands = layers.map(([name, path]) => ({
    name, rows: rowsOf(modules.filter(({ source }) => new RegExp(path).test(source)))
  }))
  const columns = Math.max(...bands.flatMap(({ rows }) => rows.map(({ length }) => length)))
  const width = LABEL + COLUMN * (columns + 1)
  /** @type {Map<string, { x: number, y: number }>} the middle of each box */
  const places = new Map()
  const frames = []
  let y = 0
  for (const { name, rows } of bands) {
    frames.push(`<rect class="band" y="${y}" width="${width}" height="${ROW * rows.length}"/>` +
      `<text class="layer" x="${MARGIN}" y="${y + ROW / 2 + 4}">${name}</text>`)
    for (const row of rows) {
      placeRow(row, y + ROW / 2, columns, modules, places)
      y += ROW
    }
    y += MARGIN / 2
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}">`,
    `<style>${STYLE}</style>`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    ...frames,
    ...modules.map((module) => drawImports(module, places)),
    ...[...places].map(drawFile),
    `<script><![CDATA[${SCRIPT}]]></script></svg>`
  ].join('\n')
}

/** Splits the files of a layer into rows: each file stands below those that import it. */
function rowsOf (files) {
  const depths = new Map(files.map(({ source }) => [source, 0]))
  for (let round = 1; round < files.length; round++) { // enough for any chain of imports
    for (const { source, dependencies } of files) {
      for (const { resolved, valid } of dependencies) {
        if (!valid || !depths.has(resolved)) continue
        depths.set(resolved, Math.max(depths.get(resolved), depths.get(source) + 1))
      }
    }
  }
  const rows = []
  for (const [source, depth] of depths) (rows[depth] ??= []).push(source)
  return rows.filter(Boolean)
}

/** Places a row, its files ordered by the average place of the files that import them. */
function placeRow (row, y, columns, modules, places) {
  const wish = (source) => {
    const importers = modules.filter(({ source: from, dependencies }) =>
      places.has(from) && dependencies.some(({ resolved }) => resolved === source))
    const sum = importers.reduce((sum, { source: from }) => sum + places.get(from).x, 0)
    return sum / (importers.length || 1)
  }
  const sorted = row.map((source) => ({ source, x: wish(source) })).sort((a, b) => a.x - b.x)
  // Rows are shifted against each other so that a line does not hide behind the boxes between.
  const shift = ((y / ROW | 0) % 3) / 3
  sorted.forEach(({ source }, index) => {
    const column = columns * (index + 0.5) / row.length + shift
    places.set(source, { x: LABEL + Math.round(COLUMN * column), y })
  })
}

function drawFile ([source, { x, y }]) {
  return `<g class="file" data-source="${source}"><title>${source}</title>` +
    `<rect x="${x - BOX.width / 2}" y="${y - BOX.height / 2}" rx="5" ` +
    `width="${BOX.width}" height="${BOX.height}"/>` +
    `<text x="${x}" y="${y + 4}">${source.split('/').at(-1)}</text></g>`
}

function drawImports ({ source, dependencies }, places) {
  if (!places.has(source)) return ''
  const { x, y } = places.get(source)
  return dependencies.filter(({ resolved }) => places.has(resolved)).map((dependency) => {
    const { resolved, valid } = dependency
    const to = places.get(resolved)
    const type = dependency.dependencyTypes.includes('type-only')
    const kind = [type ? 'type' : '', valid ? '' : 'forbidden'].join(' ').trim()
    const bend = to.y === y ? y - ROW : (y + to.y) / 2
    return `<path class="${kind}" data-from="${source}" data-to="${resolved}" ` +
      `d="M${x} ${y}C${x} ${bend} ${to.x} ${bend} ${to.x} ${to.y}"/>`
  }).join('\n')
}
