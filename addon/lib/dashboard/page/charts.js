/** The three charts, over the same five minutes. */

import { element, setText } from './tables.js'
import { milliseconds, short, timeOfDay } from './text.js'

/** @typedef {import('../seconds.js').Second} Second */
/** @typedef {import('../timeline.js').Happening} Happening */

/** Seconds. */
const LENGTH = 300
const STEP = 30

const HEIGHT = 170

/** Pixels for the numbers on the left: the same for all, so that the time axes are alike. */
const LEFT = 62

// A classic script has defined it.
const UPlot = /** @type {typeof import('uplot')} */ (/** @type {any} */ (globalThis).uPlot)

/** @type {Record<Happening['kind'], { color: string, dash: number[] }>} */
const MARKS = {
  failure: { color: '--failure', dash: [] },
  reload: { color: '--accent', dash: [6, 4] },
  recycle: { color: '--quiet', dash: [2, 3] },
  resize: { color: '--quiet', dash: [1, 4] },
  recovery: { color: '--good', dash: [] }
}

/**
 * Columns of a Second.
 * @typedef {{ column: number, color: string, dash?: number[], fill?: boolean }} Line
 */

/**
 * The last line of each is on top, and is the one that words describe. `least` is the end of the
 * axis when there is little to show.
 * @type {Record<string, { name: string, lines: Line[], format: (value: number) => string,
 *   unit: string, least: number }>}
 */
const CHARTS = {
  requests: {
    name: 'Requests per second',
    lines: [{ column: 1, color: '--accent', fill: true }],
    format: short,
    unit: '/s',
    least: 5
  },
  latency: {
    name: 'Latency, 99th percentile',
    lines: [
      { column: 4, color: '--good' },
      { column: 5, color: '--second', dash: [5, 4] },
      { column: 6, color: '--accent' }
    ],
    format: milliseconds,
    unit: '',
    least: 1
  },
  failures: {
    name: 'Failures per second',
    lines: [
      { column: 2, color: '--warning', dash: [5, 4] },
      { column: 3, color: '--failure', fill: true }
    ],
    format: short,
    unit: '/s',
    least: 1
  }
}

export class Charts {
  /** @type {Second[]} */
  #seconds = []

  /** @type {readonly Happening[]} */
  #happenings = []

  /** @type {{ plot: any, figure: HTMLElement, place: HTMLElement, name: string }[]} */
  #charts = []

  /** @param {HTMLElement} place with a figure for each chart */
  constructor (place) {
    this.place = place
    this.#create()
    // The colors are in the canvas.
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#create())
    new ResizeObserver(() => this.#resize()).observe(place)
  }

  get seconds () {
    return this.#seconds
  }

  /** @param {Second[]} seconds that have passed since the last ones */
  add (seconds) {
    const last = this.#seconds.at(-1)?.[0] ?? 0
    this.#seconds.push(...seconds.filter(([time]) => time > last))
    this.#seconds.splice(0, this.#seconds.length - LENGTH)
    this.#draw()
  }

  /** @param {Second[]} seconds */
  replace (seconds) {
    this.#seconds = seconds.slice(-LENGTH)
    this.#draw()
  }

  /** @param {readonly Happening[]} happenings */
  mark (happenings) {
    this.#happenings = happenings
    for (const { plot } of this.#charts) plot.redraw(false)
  }

  #create () {
    for (const { plot } of this.#charts) plot.destroy()
    this.#charts = [...this.place.querySelectorAll('figure')].map((figure) => {
      const name = String(figure.dataset.chart)
      const place = /** @type {HTMLElement} */ (figure.querySelector('.plot'))
      const plot = new UPlot(this.#options(name, place.clientWidth), this.#data(name), place)
      return { plot, figure, place, name }
    })
    this.#draw()
  }

  #resize () {
    for (const { plot, place } of this.#charts) {
      if (plot.width !== place.clientWidth) {
        plot.setSize({ width: place.clientWidth, height: HEIGHT })
      }
    }
  }

  /** @param {string} name */
  #data (name) {
    const { lines } = CHARTS[name]
    return /** @type {any} */ ([
      this.#seconds.map(([time]) => time),
      ...lines.map(({ column }) => this.#seconds.map((second) => second[column]))
    ])
  }

  #draw () {
    const end = this.#seconds.at(-1)?.[0] ?? Math.floor(Date.now() / 1000)
    for (const { plot, figure, place, name } of this.#charts) {
      plot.setData(this.#data(name), false)
      plot.setScale('x', { min: end - LENGTH + 1, max: end })
      this.#describe(figure, place, name)
    }
  }

  /**
   * What the chart shows, in words.
   * @param {HTMLElement} figure
   * @param {HTMLElement} place
   * @param {string} name
   */
  #describe (figure, place, name) {
    const { lines, format, unit, name: title } = CHARTS[name]
    const { column } = /** @type {Line} */ (lines.at(-1))
    const values = this.#seconds.map((second) => second[column]).filter((value) => value !== null)
    const now = /** @type {Element} */ (figure.querySelector('.now'))
    const last = values.at(-1)
    const peak = last === undefined ? '' : `at most ${format(Math.max(...values))}${unit}`
    setText(now, peak)
    const words = last === undefined ? 'none' : `${peak}, ${format(last)}${unit} last`
    place.setAttribute('aria-label',
      `${title} in the last five minutes: ${words}. The table below has the numbers.`)
  }

  /**
   * @param {string} name
   * @param {number} width
   * @returns {import('uplot').Options}
   */
  #options (name, width) {
    const { lines, format, least } = CHARTS[name]
    const style = getComputedStyle(document.documentElement)
    const color = (/** @type {string} */ variable) => style.getPropertyValue(variable).trim()
    const axis = {
      stroke: color('--quiet'),
      font: '12px system-ui, sans-serif',
      grid: { stroke: color('--line'), width: 1 },
      ticks: { show: false }
    }
    return {
      width: Math.max(width, 100),
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      padding: [8, 8, 0, 0],
      scales: {
        x: { time: true, auto: false },
        y: { range: (_, __, max) => [0, Math.max(least, (max ?? 0) * 1.05)] }
      },
      axes: [
        {
          ...axis,
          space: 45,
          size: 26,
          incrs: [60, 120, 300],
          values: (_, times) => times.map((time) => timeOfDay(time * 1000).slice(0, 5))
        },
        {
          ...axis,
          size: LEFT,
          space: 32,
          values: (_, values) => values.map((value) => value === 0 ? '0' : format(value))
        }
      ],
      series: [{}, ...lines.map((line) => ({
        stroke: color(line.color),
        width: 1.5,
        dash: line.dash,
        fill: line.fill ? `${color(line.color)}26` : undefined,
        points: { show: false },
        spanGaps: false
      }))],
      hooks: { draw: [(/** @type {any} */ plot) => this.#drawMarks(plot, color)] }
    }
  }

  /**
   * @param {any} plot
   * @param {(variable: string) => string} color
   */
  #drawMarks ({ ctx, bbox, valToPos, scales }, color) {
    const scale = devicePixelRatio
    ctx.save()
    ctx.lineWidth = 1.5 * scale
    for (const { time, kind } of this.#happenings) {
      const second = time / 1000
      if (second < scales.x.min || second > scales.x.max) continue
      const x = Math.round(valToPos(second, 'x', true))
      const mark = MARKS[kind]
      ctx.strokeStyle = color(mark.color)
      ctx.setLineDash(mark.dash.map((length) => length * scale))
      ctx.beginPath()
      ctx.moveTo(x, bbox.top)
      ctx.lineTo(x, bbox.top + bbox.height)
      ctx.stroke()
    }
    ctx.restore()
  }
}

/**
 * The same numbers for those who cannot see them.
 * @param {Element} body of the table
 * @param {Second[]} seconds
 */
export function showNumbers (body, seconds) {
  const rows = []
  for (let i = seconds.length; i > 0; i -= STEP) {
    const part = seconds.slice(Math.max(0, i - STEP), i)
    const sum = (/** @type {number} */ column) =>
      part.reduce((total, second) => total + Number(second[column]), 0)
    const worst = (/** @type {number} */ column) => {
      const known = part.map((second) => second[column]).filter((value) => value !== null)
      return known.length === 0 ? null : Math.max(...known)
    }
    const cells = [
      short(sum(1)), milliseconds(worst(4)), milliseconds(worst(6)), short(sum(3)), short(sum(2))
    ]
    rows.push(element('tr', {},
      element('th', { scope: 'row', text: timeOfDay(part[0][0] * 1000) }),
      ...cells.map((text) => element('td', { className: 'number', text }))))
  }
  body.replaceChildren(...rows)
}
