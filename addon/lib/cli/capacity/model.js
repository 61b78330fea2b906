/**
 * How many processes a load needs, from what a request costs. Nothing here measures anything.
 *
 * A request is served at two stations: one of the Node processes, then one of the workers of that
 * process. Both are limited by CPU time, because each runs one thread at a time. Workers share the
 * waiting requests, so they are an M/M/c queue (Erlang's C formula); a Node process takes its share
 * of the connections, so it is an M/M/1 queue. Where more processes than cores want to run, they
 * also wait for a core, which is a third station.
 *
 * Requests arrive at random (a Poisson process), and their costs are taken as exponential. Costs
 * that vary less make waits shorter. The waits of a slower client network, of a database, or of an
 * `await` are not here: they take no CPU time, only a place among the requests in flight.
 */

const MICROSECONDS = 1e6
const MILLISECONDS = 1000

/** The share of the requests that may wait longer than the wait that is shown. */
const TAIL = 0.01

/**
 * How many stations there are. Each may be late for its share of the tail, so that their waits
 * together are a bound for the wait of a request.
 */
const STATIONS = 3

/** A load for which more is needed is a mistake, and is not counted to its end. */
const MOST = 100_000

/**
 * What a request costs, and what processes take.
 * @typedef {object} Costs
 * @property {number} node microseconds of CPU time in Node for each request
 * @property {number} python microseconds of CPU time in a worker for each request
 * @property {number} duration milliseconds that a request is in flight in a worker
 * @property {number} nodeMemory bytes of a Node process
 * @property {number} workerMemory bytes of a worker
 */

/**
 * @typedef {object} Limits
 * @property {number} utilization how busy a process or a core may be, above 0 and below 1
 * @property {number} wait milliseconds that 99 % of the requests may wait for CPU time
 * @property {number} cores of one machine
 * @property {number} concurrency requests in flight in one worker
 */

/**
 * @typedef {object} Station
 * @property {number} count processes or cores of one machine
 * @property {number} busy how much of their time they use, from 0 to 1
 * @property {number} wait milliseconds that 99.7 % of the requests wait there at most
 * @property {number} rate requests/s of the whole plan at which they are as busy as they may be
 */

/**
 * @typedef {object} Plan for each of the machines, unless it says otherwise
 * @property {number} machines
 * @property {Station} node
 * @property {Station} python its `count` is that of all Node processes of the machine
 * @property {Station} cores
 * @property {number} wait milliseconds that 99 % of the requests wait at all stations at most
 * @property {number} inFlight requests in flight in the workers of all machines
 * @property {number} memory bytes
 * @property {'node' | 'python' | 'cores'} full which station is full first
 * @property {boolean} inTime whether the wait keeps its limit
 */

/**
 * @param {number} rate requests/s
 * @param {Costs} costs
 * @param {Limits} limits
 * @returns {Plan} the smallest that keeps the limits. More processes cannot shorten the wait for
 *   cores, nor the service itself, so `inTime` may be false
 */
export function plan (rate, costs, limits) {
  const { utilization, cores } = limits
  const machines = atLeast(load(rate, costs.node + costs.python), cores * utilization)
  const own = rate / machines
  const nodes = count(atLeast(load(own, costs.node), utilization), (nodes) =>
    percentile(1, own / nodes, costs.node) <= limits.wait / STATIONS)
  const share = own / nodes
  const inFlight = share * costs.duration / MILLISECONDS
  const least = Math.max(atLeast(load(share, costs.python), utilization),
    atLeast(inFlight, limits.concurrency * utilization))
  const workers = count(least, (workers) =>
    percentile(workers, share, costs.python) <= limits.wait / STATIONS)
  return predict(rate, costs, limits, { machines, nodes, workers: workers * nodes })
}

/**
 * What is to be expected of a number of processes.
 * @param {number} rate requests/s
 * @param {Costs} costs
 * @param {Limits} limits
 * @param {{ machines?: number, nodes: number, workers: number }} counts Node processes and workers
 *   of each machine
 * @returns {Plan}
 */
export function predict (rate, costs, limits, { machines = 1, nodes, workers }) {
  const { utilization, cores, concurrency } = limits
  const own = rate / machines
  const station = (/** @type {number} */ count, /** @type {number} */ cost, parts = 1) => ({
    count,
    busy: load(own, cost) / count,
    wait: percentile(count / parts, own / parts, cost),
    rate: machines * count * utilization * MICROSECONDS / cost
  })
  const node = station(nodes, costs.node, nodes)
  const python = station(workers, costs.python, nodes)
  // Workers are full also when each has as many requests as it may have.
  python.rate = Math.min(python.rate, machines * workers * utilization * concurrency *
    MILLISECONDS / costs.duration)
  const machine = station(cores, costs.node + costs.python)
  if (nodes + workers <= cores) machine.wait = 0
  const stations = { node, python, cores: machine }
  const wait = node.wait + python.wait + machine.wait
  return {
    machines,
    ...stations,
    wait,
    inFlight: rate * costs.duration / MILLISECONDS,
    memory: nodes * costs.nodeMemory + workers * costs.workerMemory,
    full: /** @type {const} */ (['python', 'node', 'cores']).reduce((least, name) =>
      stations[name].rate < stations[least].rate ? name : least),
    inTime: wait <= limits.wait
  }
}

/**
 * The probability that a request has to wait for one of several servers: Erlang's C formula, by the
 * recurrence of his B formula, which no factorial makes overflow.
 * @param {number} servers
 * @param {number} offered arrivals × service time: how many servers are busy on average
 * @returns {number} 1: there are more requests than they can serve
 */
export function erlangC (servers, offered) {
  if (offered >= servers) return 1
  let blocked = 1
  for (let i = 1; i <= servers; i++) blocked = offered * blocked / (i + offered * blocked)
  return blocked / (1 - offered / servers * (1 - blocked))
}

/**
 * @param {number} servers
 * @param {number} rate requests/s
 * @param {number} cost microseconds
 * @returns {number} milliseconds that requests wait at most, without this station's share of the
 *   tail
 */
function percentile (servers, rate, cost) {
  const offered = load(rate, cost)
  if (offered >= servers) return Infinity
  const over = erlangC(servers, offered) / (TAIL / STATIONS)
  return over <= 1 ? 0 : Math.log(over) * cost / (servers - offered) / MILLISECONDS
}

/**
 * @param {number} rate requests/s
 * @param {number} cost microseconds
 * @returns {number} how many cores are busy on average
 */
function load (rate, cost) {
  return rate * cost / MICROSECONDS
}

/**
 * @param {number} wanted
 * @param {number} each what one gives
 * @returns {number} how many are needed, at least 1
 */
function atLeast (wanted, each) {
  // What should be 3 may be 3.0000000000000004.
  return Math.max(1, Math.ceil(wanted / each - 1e-9))
}

/**
 * @param {number} least
 * @param {(count: number) => boolean} isEnough more make it true, unless nothing does
 * @returns {number} `least`, or more if they are needed and help
 */
function count (least, isEnough) {
  for (let enough = least; enough <= Math.min(2 * least + 100, MOST); enough++) {
    if (isEnough(enough)) return enough
  }
  return least
}
