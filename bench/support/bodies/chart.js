// The chart of bench/bodies.js: for each kind of body, a bar for each server.
import { SERIES_STYLES } from '../report/series-styles.js'
import { caption, draw, heading } from '../report/svg.js'

const WIDTH = 1000
const TOP = 110
const PANELS = [
  { read: 'wall', title: 'time' },
  { read: 'cpu', title: 'CPU time of all processes' }
]
const PANEL = { left: 110, width: 390, gap: 40 }

/** Height of the bars of one kind of body. */
const ROW = 78

/**
 * @param {Array<{ work: string, server: string, cpu: number, wall: number }>} cases in seconds
 * @param {number} rounds
 * @returns {string} SVG
 */
export function bodiesChart (cases, rounds) {
  const works = [...new Set(cases.map(({ work }) => work))]
  const names = Object.keys(SERIES_STYLES)
    .filter(name => cases.some(({ server }) => server === name))
  const find = (work, name) => cases.find(one => one.work === work && one.server === name)
  const height = works.length * ROW
  const left = i => PANEL.left + i * (PANEL.width + PANEL.gap)
  return draw({ width: WIDTH, height: TOP + height + 40 }, {
    title: [
      heading('Large bodies: time compared with node-asgi',
        `less is better; medians of ${rounds} rounds`),
      ...PANELS.map(({ title }, i) => caption(title, { left: left(i), top: TOP - 26 }))
    ],
    legend: {
      data: names.map(name => SERIES_STYLES[name].title), top: 52, left: PANEL.left, itemGap: 30
    },
    grid: PANELS.map((_, i) => ({ left: left(i), width: PANEL.width, top: TOP, height })),
    xAxis: PANELS.map((_, i) => ({
      gridIndex: i,
      type: 'value',
      min: 0,
      axisLabel: { formatter: '{value} ×', fontSize: 12 },
      splitLine: { lineStyle: { color: '#eee' } }
    })),
    yAxis: PANELS.map((_, i) => ({
      gridIndex: i,
      type: 'category',
      data: works,
      inverse: true,
      axisTick: { show: false },
      axisLabel: { show: i === 0, fontSize: 13 }
    })),
    series: PANELS.flatMap(({ read }, i) => names.map(name => ({
      name: SERIES_STYLES[name].title,
      type: 'bar',
      xAxisIndex: i,
      yAxisIndex: i,
      itemStyle: { color: SERIES_STYLES[name].color },
      data: works.map(work => {
        const one = find(work, name)
        return one === undefined ? null : one[read] / (find(work, 'node-asgi') ?? one)[read]
      })
    })))
  })
}
