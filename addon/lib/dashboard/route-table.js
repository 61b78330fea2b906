import { Latencies } from './latencies.js'

/** Minutes that are added up. */
const MINUTES = 5

/** Routes that are told apart in one minute, and that the page shows. */
const MAX_ROUTES = 200
const SHOWN = 25

/** Stands for the routes that are not told apart. */
const OTHERS = '(others)'

class Route {
  constructor () {
    this.failures = 0
    this.latencies = new Latencies()
  }

  /** @param {Route} other */
  merge ({ failures, latencies }) {
    this.failures += failures
    this.latencies.merge(latencies)
  }
}

/** The latencies of each route in the last minutes. */
export class RouteTable {
  /** @type {{ minute: number, routes: Map<string, Route> }[]} the newest last */
  #minutes = []

  /**
   * @param {number} time seconds since 1970
   * @param {string} name
   * @returns {Route} to be added to
   */
  at (time, name) {
    const minute = Math.floor(time / 60)
    let last = this.#minutes.at(-1)
    if (last === undefined || last.minute !== minute) {
      this.#minutes.push(last = { minute, routes: new Map() })
      if (this.#minutes.length > MINUTES + 1) this.#minutes.shift()
    }
    const { routes } = last
    const key = routes.has(name) || routes.size < MAX_ROUTES ? name : OTHERS
    let route = routes.get(key)
    if (route === undefined) routes.set(key, route = new Route())
    return route
  }

  /**
   * @param {number} time seconds since 1970
   * @returns the slowest first
   */
  list (time) {
    return describe(this.#sums(time))
  }

  /**
   * @param {number} time seconds since 1970
   * @returns {object[]} for listRaw()
   */
  raw (time) {
    return [...this.#sums(time)].slice(0, MAX_ROUTES).map(([name, { failures, latencies }]) =>
      ({ name, failures, latencies: latencies.raw() }))
  }

  /** @param {number} time seconds since 1970 */
  #sums (time) {
    /** @type {Map<string, Route>} */
    const sums = new Map()
    for (const { minute, routes } of this.#minutes) {
      if (minute < Math.floor(time / 60) - MINUTES) continue
      for (const [name, route] of routes) {
        let sum = sums.get(name)
        if (sum === undefined) sums.set(name, sum = new Route())
        sum.merge(route)
      }
    }
    return sums
  }
}

/**
 * @param {any[]} all what raw() has returned in several processes, one after the other
 * @returns the slowest first
 */
export function listRaw (all) {
  /** @type {Map<string, Route>} */
  const sums = new Map()
  for (const { name, failures, latencies } of all.map(Object)) {
    if (typeof name !== 'string') continue
    const route = sums.get(name) ?? new Route()
    sums.set(name, route)
    route.failures += Number(failures) || 0
    route.latencies.mergeRaw(latencies)
  }
  return describe(sums)
}

/**
 * @param {Map<string, Route>} sums
 * @returns the slowest first
 */
function describe (sums) {
  return [...sums].map(([name, { failures, latencies }]) => ({
    name,
    count: latencies.count,
    failures,
    p50: latencies.percentile(0.5),
    p95: latencies.percentile(0.95),
    max: latencies.max
  })).sort((a, b) => Number(b.p95) - Number(a.p95)).slice(0, SHOWN)
}
