// One question, one bar for each answer.
import { draw, heading } from './svg.js'

const WIDTH = 760
const BAR = 46
const TOP = 80
const LETTER = 8

/** As many digits as a reader wants. */
const shown = value => value < 100 ? Math.round(value * 10) / 10 : Math.round(value)

/**
 * @param {object} options
 * @param {string} options.title
 * @param {string} options.subtitle
 * @param {Array<{ name: string, value: number, ours?: boolean }>} options.bars from top to bottom
 * @returns {string} SVG
 */
export function barChart ({ title, subtitle, bars }) {
  const longest = Math.max(...bars.map(({ name }) => name.length))
  return draw({ width: WIDTH, height: TOP + bars.length * BAR + 15 }, {
    title: heading(title, subtitle),
    grid: { left: 20 + LETTER * longest, right: 90, top: TOP, bottom: 15 },
    xAxis: { type: 'value', min: 0, show: false },
    yAxis: {
      type: 'category',
      inverse: true,
      data: bars.map(({ name }) => name),
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { fontSize: 14, color: '#222' }
    },
    series: {
      type: 'bar',
      barWidth: BAR * 0.6,
      data: bars.map(({ value, ours }) =>
        ({ value: shown(value), itemStyle: { color: ours ? '#2563eb' : '#a3adbb' } })),
      label: {
        show: true,
        position: 'right',
        fontSize: 14,
        formatter: ({ value }) => value.toLocaleString('en')
      }
    }
  })
}
