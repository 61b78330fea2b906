// Charts of values over time.
import { caption, draw, heading } from './svg.js'

const WIDTH = 900
const ROW = 130
const TOP = 70

/**
 * Small charts, one above the other, with the same axes: one for each series.
 * @param {object} options
 * @param {string} options.title
 * @param {string} options.subtitle
 * @param {string} options.x title of the axis
 * @param {[number, number]} options.range of x
 * @param {number[]} options.marks values of x to mark with a vertical line
 * @param {Array<{ name: string, note: string, points: Array<[number, number]> }>} options.series
 * @returns {string} SVG
 */
export function smallMultiples ({ title, subtitle, x, range, marks, series }) {
  const height = TOP + series.length * ROW + 50
  const max = Math.max(...series.flatMap(({ points }) => points.map(([, value]) => value)))
  return draw({ width: WIDTH, height }, {
    title: [
      heading(title, subtitle),
      ...series.map(({ name, note }, i) =>
        caption(name, { subtext: note, left: 75, top: TOP + i * ROW - 2 }))
    ],
    grid: series.map((_, i) =>
      ({ left: 75, right: 30, top: TOP + i * ROW + 38, height: ROW - 50 })),
    xAxis: series.map((_, i) => ({
      gridIndex: i,
      type: 'value',
      min: range[0],
      max: range[1],
      name: i === series.length - 1 ? x : '',
      nameLocation: 'middle',
      nameGap: 28,
      axisLabel: { show: i === series.length - 1, fontSize: 12 },
      splitLine: { show: false }
    })),
    yAxis: series.map((_, i) => ({
      gridIndex: i,
      type: 'value',
      min: 0,
      max,
      splitNumber: 2,
      // It would be drawn at 0, in the middle.
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { fontSize: 11, showMaxLabel: false },
      splitLine: { lineStyle: { color: '#eee' } }
    })),
    series: series.map(({ points }, i) => ({
      type: 'line',
      xAxisIndex: i,
      yAxisIndex: i,
      data: points,
      showSymbol: false,
      step: 'end',
      lineStyle: { width: 1.5, color: '#2563eb' },
      areaStyle: { color: '#2563eb', opacity: 0.12 },
      markLine: {
        silent: true,
        symbol: 'none',
        label: { show: false },
        lineStyle: { color: '#dc2626', type: 'solid', width: 1.5 },
        data: marks.map(xAxis => ({ xAxis }))
      }
    }))
  })
}

/**
 * One chart with a line for each series.
 * @param {object} options
 * @param {string} options.title
 * @param {string} options.subtitle
 * @param {string} options.x title of the axis
 * @param {string} options.y
 * @param {(value: number) => string} [options.label] of a value of x
 * @param {boolean} [options.logarithmic] whether y is
 * @param {Array<{ name: string, points: Array<[number, number]> }>} options.series
 * @returns {string} SVG
 */
export function lines ({ title, subtitle, x, y, label, logarithmic = false, series }) {
  const axis = { type: 'value', min: 0, nameLocation: 'middle', axisLabel: { fontSize: 12 } }
  return draw({ width: WIDTH, height: 420 }, {
    title: heading(title, subtitle),
    legend: {
      data: series.map(({ name }) => name),
      icon: 'rect',
      itemHeight: 3,
      top: 62,
      left: 70,
      itemGap: 30
    },
    grid: { left: 75, right: 30, top: 95, bottom: 55 },
    xAxis: {
      ...axis,
      max: 'dataMax',
      name: x,
      nameGap: 28,
      axisLabel: { fontSize: 12, formatter: label },
      splitLine: { show: false }
    },
    yAxis: {
      ...axis,
      ...logarithmic && { type: 'log', min: undefined },
      name: y,
      nameGap: 45,
      splitLine: { lineStyle: { color: '#eee' } }
    },
    color: ['#2563eb', '#dc2626', '#16a34a', '#9333ea'],
    series: series.map(({ name, points }) =>
      ({ name, type: 'line', data: points, showSymbol: false, lineStyle: { width: 1.5 } }))
  })
}
