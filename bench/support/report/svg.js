// What all charts have in common. Apache ECharts draws them, without a browser.
import * as echarts from 'echarts'

const SMALL = { fontSize: 12, color: '#555' }

/** @returns {string} SVG */
export function draw ({ width, height }, options) {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height })
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: { fontFamily: 'sans-serif' },
    ...options
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}

/** The title of a whole chart. */
export const heading = (text, subtext) => ({
  text, subtext, left: 20, top: 10, textStyle: { fontSize: 17 }, subtextStyle: SMALL
})

/** The title of one part of a chart. */
export const caption = (text, { subtext = '', ...place }) => ({
  text, subtext, ...place, itemGap: 2, textStyle: { fontSize: 13 }, subtextStyle: SMALL
})
