// An open load: requests are due at a steady rate, whether the server answers or not. What is late
// counts from when it was due (autocannon's overallRate, which corrects for coordinated omission).
//
// Each load: { port, path, connections, rate, seconds }; rate 0: as many as the connections take.
// Result: { requests, failed, seconds, latency: milliseconds by percentile, for example
// { '99.9': 4.2, max: 9 } }.
import { npmRequire } from '../install/npm.js'
import { answerLoads } from './load-process.js'

const autocannon = npmRequire('autocannon')

answerLoads(async ({ port, path, connections, rate, seconds }) => {
  const result = await autocannon({
    url: `http://127.0.0.1:${port}${path}`,
    connections,
    duration: seconds,
    ...rate > 0 && { overallRate: rate }
  })
  const latency = { max: result.latency.max }
  for (const [name, value] of Object.entries(result.latency)) {
    const [, whole, part] = /^p(\d+)(?:_(\d+))?$/.exec(name) ?? []
    if (whole !== undefined) latency[part === undefined ? whole : `${whole}.${part}`] = value
  }
  return {
    requests: result['2xx'],
    failed: result.non2xx + result.errors + result.timeouts,
    seconds: result.duration,
    latency
  }
})
