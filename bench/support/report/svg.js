// What all pictures have in common. They are drawn by Apache ECharts, without a browser.
import * as echarts from 'echarts'

const SMALL = { fontSize: 12, color: '#555' }

/** @returns {string} SVG */
export function draw ({ width, height }, options) {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height })
  chart.setOption({
    animation: false, backgroundColor: '#ffffff', textStyle: { fontFamily: 'sans-serif' }, ...options
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}

/** Of the whole picture. */
export const heading = (text, subtext) => ({
  text, subtext, left: 20, top: 10, textStyle: { fontSize: 17 }, subtextStyle: SMALL
})

/** Of a part of it. */
export const caption = (text, { subtext = '', ...place }) => ({
  text, subtext, ...place, itemGap: 2, textStyle: { fontSize: 13 }, subtextStyle: SMALL
})
