/**
 * The number of pods that a HorizontalPodAutoscaler sets from metrics with a target of the type
 * AverageValue, which KEDA's triggers become. The formula is that of Kubernetes: for each metric,
 *
 *   ceil(total of all pods / target of a pod)
 *
 * unless that is within a tolerance of 10 % of what the present pods are for; then the larger of
 * them, within min and max. It goes up at once. It goes down to the largest number of the last
 * scaleDown seconds (stabilizationWindowSeconds).
 */

const TOLERANCE = 0.1

export class Recommendation {
  /** @type {{ time: number, pods: number }[]} */
  #past = []

  /**
   * @param {{ min: number, max: number, scaleDown: number }} settings
   */
  constructor ({ min, max, scaleDown }) {
    this.min = min
    this.max = max
    this.scaleDown = scaleDown
    this.pods = min
  }

  /**
   * @param {number} time seconds
   * @param {{ total: number, target: number }[]} metrics
   * @returns {number}
   */
  update (time, metrics) {
    const wanted = Math.max(...metrics.map(({ total, target }) => {
      const ratio = total / (target * this.pods)
      return Math.abs(ratio - 1) <= TOLERANCE ? this.pods : Math.ceil(total / target)
    }))
    const pods = Math.min(Math.max(wanted, this.min), this.max)
    this.#past.push({ time, pods })
    this.#past = this.#past.filter((each) => each.time >= time - this.scaleDown)
    const held = Math.max(...this.#past.map((each) => each.pods))
    this.pods = pods >= this.pods ? pods : Math.min(held, this.pods)
    return this.pods
  }
}
