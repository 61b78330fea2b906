/**
 * How long each step of draining a worker may take. The steps: requests in flight finish; what is
 * left gets http.disconnect; tasks that are left are cancelled; lifespan shutdown runs; the process
 * exits or is killed. A step that ends early leaves its time to those after it.
 */

/** @typedef {import('../option-types.js').Timeouts} Timeouts */
/** @typedef {import('../worker/worker-owner.js').DrainPlan} DrainPlan */

/**
 * The least time for the steps after the requests, even if the budget is smaller. Without it, an
 * application could not even close its files.
 */
const LEAST_SHUTDOWN = 1000

/**
 * For a worker that is replaced while others serve: each step has its own time.
 * @param {Timeouts} timeouts
 * @param {number} finish milliseconds that requests in flight get
 * @returns {DrainPlan}
 */
export function retirementPlan ({ disconnect, cancel, shutdown, kill }, finish) {
  return { finish, disconnect, total: finish + disconnect + cancel + shutdown + kill, kill }
}

/**
 * For closing the pool: all steps together fit into one budget. Requests get at least half of it.
 * The other steps get their own times, cut down together if that is more than the other half.
 * @param {Timeouts} timeouts
 * @param {number} budget milliseconds
 * @returns {DrainPlan}
 */
export function closingPlan ({ disconnect, cancel, shutdown, kill }, budget) {
  const wanted = disconnect + cancel + shutdown + kill
  const available = Math.min(wanted, Math.max(budget / 2, LEAST_SHUTDOWN))
  const scale = wanted === 0 ? 0 : available / wanted
  const finish = Math.max(budget / 2, budget - available)
  return {
    finish,
    disconnect: disconnect * scale,
    total: finish + available - kill * scale,
    kill: Math.max(1, kill * scale)
  }
}
