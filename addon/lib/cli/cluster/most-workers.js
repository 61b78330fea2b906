/**
 * @param {any} workers a number, or the fewest and the most of a pool that grows
 * @returns {number | undefined} how many there may be
 */
export function mostWorkers (workers) {
  return Object(workers) === workers ? workers.max : workers
}
