// The chart of bench/concurrency.js: a grid of small charts.
import { median } from '../report/report.js'
import { percentileOf, rates } from './cases.js'
import { SERIES_STYLES } from '../report/series-styles.js'
import { caption, draw, heading } from '../report/svg.js'

const PANEL = { width: 300, height: 190, left: 80, gap: 35 }
const ROW = PANEL.height + 45
const TOP = 100
const LEGEND = 235

const ROWS = [
  { name: 'requests/s', read: one => median(rates(one)) },
  { name: 'p50 ms', read: one => percentileOf(one, 'p50') },
  { name: 'p99 ms', read: one => percentileOf(one, 'p99') }
]
const VIA = { http: 'HTTP', websocket: 'WebSocket', handleRequest: 'handleRequest' }

/**
 * Throughput and latencies by requests in flight: a column for each interface and number of
 * workers, a line for each server.
 * @param {string} title
 * @param {import('./cases.js').Case[]} cases of one kind of work, measured
 * @param {{ rounds: number, seconds: number }} facts
 * @returns {string} SVG
 */
export function concurrencyChart (title, cases, { rounds, seconds }) {
  const columns = [...new Set(cases.map(columnOf))]
  const inFlight = [...new Set(cases.map(one => one.inFlight))].sort((a, b) => a - b)
  // A single point needs room around it.
  const margin = inFlight.length === 1 ? 2 : 1
  const names = Object.keys(SERIES_STYLES)
    .filter(name => cases.some(({ server }) => server === name))
  const step = PANEL.width + PANEL.gap
  const width = PANEL.left + columns.length * step + LEGEND
  const height = TOP + ROWS.length * ROW + 10
  const panels = ROWS.flatMap((row, y) => columns.map((column, x) => ({
    row,
    column,
    left: PANEL.left + x * step,
    top: TOP + y * ROW,
    isFirst: x === 0,
    isLast: y === ROWS.length - 1,
    range: rangeOf(cases.map(row.read))
  })))
  return draw({ width, height }, {
    title: [
      heading(title, `medians of ${rounds} rounds of ${seconds} s; all axes are logarithmic`),
      ...panels.slice(0, columns.length)
        .map(({ column, left }) => caption(column, { left, top: TOP - 26 }))
    ],
    legend: {
      data: names.map(name => ({ name: SERIES_STYLES[name].title })),
      orient: 'vertical',
      left: width - LEGEND,
      top: TOP,
      itemWidth: 34,
      itemGap: 12,
      textStyle: { fontSize: 12 }
    },
    grid: panels.map(({ left, top }) => ({ left, top, width: PANEL.width, height: PANEL.height })),
    xAxis: panels.map(({ isLast }, i) => ({
      gridIndex: i,
      type: 'log',
      logBase: 4,
      min: inFlight[0] / margin,
      max: inFlight.at(-1) * margin,
      name: isLast ? 'in flight' : '',
      nameLocation: 'middle',
      nameGap: 25,
      axisLabel: { fontSize: 11 },
      splitLine: { show: false }
    })),
    yAxis: panels.map(({ row, isFirst, range }, i) => ({
      gridIndex: i,
      type: 'log',
      min: range[0],
      max: range[1],
      name: isFirst ? row.name : '',
      nameLocation: 'middle',
      nameGap: 52,
      nameTextStyle: { fontSize: 12 },
      axisLabel: { show: isFirst, fontSize: 11, formatter: short },
      splitLine: { lineStyle: { color: '#e5e5e5' } }
    })),
    series: panels.flatMap(({ row, column }, i) => names.flatMap(server => {
      const points = cases
        .filter(one => columnOf(one) === column && one.server === server)
        .map(one => [one.inFlight, row.read(one)])
        .filter(([, value]) => value !== undefined)
      return points.length > 0 ? [series(server, i, points)] : []
    }))
  })
}

const columnOf = ({ via, server, workers }) =>
  `${VIA[via]}, ${workers} worker${workers === 1 ? '' : 's'}`

function series (server, i, data) {
  const { title, color, symbol, width, type } = SERIES_STYLES[server]
  return {
    name: title,
    type: 'line',
    xAxisIndex: i,
    yAxisIndex: i,
    data,
    symbol,
    symbolSize: width > 2 ? 8 : 6,
    z: width > 2 ? 3 : 2,
    lineStyle: { color, width, type },
    itemStyle: { color }
  }
}

/** The range of an axis: both ends are 1, 2 or 5 times a power of ten, with all values between. */
function rangeOf (values) {
  const known = values.filter(value => value > 0)
  if (known.length === 0) return [1, 10] // the floor has no latencies
  const least = Math.min(...known)
  const most = Math.max(...known)
  const steps = [1, 2, 5, 10]
  return [
    decade(least) * steps.findLast(step => step * decade(least) <= least),
    decade(most) * steps.find(step => step * decade(most) > most)
  ]
}

const decade = value => 10 ** Math.floor(Math.log10(value))

function short (value) {
  if (value >= 1e6) return `${value / 1e6}M`
  return value >= 1000 ? `${value / 1000}k` : String(+value.toPrecision(3))
}
