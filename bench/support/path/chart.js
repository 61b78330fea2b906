// The chart of bench/path.js: a stacked bar for each process, with a list of its stages below.
import * as echarts from 'echarts'

const WIDTH = 900
const LEFT = 20
const BAR = 44
const ROW = 21
const COLUMNS = 2
/** Stages with at least this share of the width have room for their number. */
const ROOM = 0.04

/** Okabe and Ito's colours, lightened where dark text is on them, and three more. */
const COLORS = [
  '#56b4e9', '#e69f00', '#4cc3a0', '#f0e442', '#d99bbd', '#e8925c', '#8fb3d9', '#c2b280',
  '#b5b5b5', '#dddddd', '#a3d977']

/**
 * @param {object} options
 * @param {string} options.title
 * @param {string} options.subtitle
 * @param {Array<{ name: string, stages: Array<{ name: string, micros: number }> }>} options.bars
 * @returns {string} SVG
 */
export function pathChart ({ title, subtitle, bars }) {
  const longest = Math.max(...bars.map(({ stages }) => total(stages)))
  const graphic = [text(title, LEFT, 14, { fontSize: 17, fontWeight: 'bold' }),
    text(subtitle, LEFT, 40, { fontSize: 12, fill: '#555' })]
  let y = 78
  for (const { name, stages } of bars) {
    graphic.push(text(`${name}: ${total(stages).toFixed(2)} µs`, LEFT, y,
      { fontSize: 14, fontWeight: 'bold' }))
    y += 24
    graphic.push(...bar(stages, y, (WIDTH - 2 * LEFT) / longest))
    y += BAR + 14
    const rows = Math.ceil(stages.length / COLUMNS)
    graphic.push(...stages.flatMap((stage, i) => entry(stage, i,
      LEFT + Math.floor(i / rows) * (WIDTH - 2 * LEFT) / COLUMNS, y + i % rows * ROW)))
    y += rows * ROW + 24
  }
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: y })
  chart.setOption({ animation: false, backgroundColor: '#ffffff', graphic })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}

const total = stages => stages.reduce((sum, { micros }) => sum + micros, 0)

const text = (text, x, y, style) =>
  ({ type: 'text', x, y, style: { text, fontFamily: 'sans-serif', fill: '#222', ...style } })

const box = (x, y, width, height, fill) =>
  ({ type: 'rect', shape: { x, y, width, height }, style: { fill, stroke: '#fff', lineWidth: 1 } })

function bar (stages, y, scale) {
  let x = LEFT
  return stages.flatMap(({ micros }, i) => {
    const width = micros * scale
    const parts = [box(x, y, width, BAR, COLORS[i])]
    if (width >= ROOM * WIDTH) {
      parts.push(text(micros.toFixed(2), x + width / 2, y + BAR / 2,
        { fontSize: 13, align: 'center', verticalAlign: 'middle' }))
    }
    x += width
    return parts
  })
}

const entry = ({ name, micros }, i, x, y) => [
  box(x, y, 14, 14, COLORS[i]),
  text(micros.toFixed(2), x + 52, y + 7, { fontSize: 13, align: 'right', verticalAlign: 'middle' }),
  text(name, x + 62, y + 7, { fontSize: 13, verticalAlign: 'middle' })
]
