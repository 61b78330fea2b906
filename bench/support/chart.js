// Pictures of results, drawn by Apache ECharts on the server side.
import * as echarts from 'echarts'

const WIDTH = 900
const ROW = 130
const TOP = 70
const FONT = 'sans-serif'

/**
 * Small charts above one another with the same axes, one for each series.
 * @param {object} options
 * @param {string} options.title
 * @param {string} options.subtitle
 * @param {string} options.x title of the axis
 * @param {[number, number]} options.range of x
 * @param {number[]} options.marks values of x that get a line
 * @param {Array<{ name: string, note: string, points: Array<[number, number]> }>} options.series
 * @returns {string} SVG
 */
export function smallMultiples ({ title, subtitle, x, range, marks, series }) {
  const height = TOP + series.length * ROW + 50
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height })
  const max = Math.max(...series.flatMap(({ points }) => points.map(([, value]) => value)))
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: { fontFamily: FONT },
    title: [
      { text: title, subtext: subtitle, left: 20, top: 10, textStyle: { fontSize: 17 }, subtextStyle: { fontSize: 12, color: '#555' } },
      ...series.map(({ name, note }, i) => ({
        text: name,
        subtext: note,
        left: 75,
        top: TOP + i * ROW - 2,
        itemGap: 2,
        textStyle: { fontSize: 13 },
        subtextStyle: { fontSize: 12, color: '#555' }
      }))
    ],
    grid: series.map((_, i) => ({ left: 75, right: 30, top: TOP + i * ROW + 38, height: ROW - 50 })),
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
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}

/**
 * Lines in one chart.
 * @param {object} options
 * @param {string} options.title
 * @param {string} options.subtitle
 * @param {string} options.x title of the axis
 * @param {string} options.y
 * @param {Array<{ name: string, points: Array<[number, number]> }>} options.series
 * @returns {string} SVG
 */
export function lines ({ title, subtitle, x, y, series }) {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: 420 })
  const axis = { type: 'value', min: 0, nameLocation: 'middle', axisLabel: { fontSize: 12 } }
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: { fontFamily: FONT },
    title: {
      text: title,
      subtext: subtitle,
      left: 20,
      top: 10,
      textStyle: { fontSize: 17 },
      subtextStyle: { fontSize: 12, color: '#555' }
    },
    legend: { data: series.map(({ name }) => name), top: 62, left: 70, itemGap: 30 },
    grid: { left: 75, right: 30, top: 95, bottom: 55 },
    xAxis: { ...axis, max: 'dataMax', name: x, nameGap: 28, splitLine: { show: false } },
    yAxis: { ...axis, name: y, nameGap: 45, splitLine: { lineStyle: { color: '#eee' } } },
    color: ['#2563eb', '#dc2626', '#16a34a', '#9333ea'],
    series: series.map(({ name, points }) =>
      ({ name, type: 'line', data: points, showSymbol: false, lineStyle: { width: 1.5 } }))
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}
