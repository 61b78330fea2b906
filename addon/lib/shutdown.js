const SIGTERM = 15
const SIGKILL = 9

/**
 * Stops workers: asks all, waits, kills those that are left, waits for their end. Bounded.
 * @param {import('./roster.js').Roster<import('./worker.js').Worker>} roster
 * @param {import('./fork-server.js').ForkServer} server
 * @param {number} patience milliseconds that they have to stop by themselves
 * @param {number} kill milliseconds that the fork server has to kill the others
 */
export async function stopWorkers (roster, server, patience, kill) {
  for (const worker of roster.all()) {
    // One that is still importing does not read its ring.
    if (worker.readyAt === 0) server.kill(worker.id, SIGTERM)
    worker.stop()
  }
  const serving = roster.all().some((worker) => worker.readyAt > 0)
  if (await roster.empty(serving ? patience : Math.min(patience, kill))) return
  for (const worker of roster.all()) server.kill(worker.id, SIGKILL)
  await roster.empty(kill)
}
