// A plain loop of undici's request(), for bench/support/loads/load-process.js: { port } is its option, and
// { inFlight, seconds } a load. Connections are kept.
import { closedLoop } from './closed-loop.js'
import { answerLoads, loadOptions } from './load-process.js'
import { npmRequire } from '../install/npm.js'

const { Pool } = npmRequire('undici')
const pool = new Pool(`http://127.0.0.1:${loadOptions().port}`, { pipelining: 1 })

answerLoads(load => closedLoop(async () => {
  const { statusCode, body } = await pool.request({ method: 'GET', path: '/' })
  await body.arrayBuffer()
  if (statusCode !== 200) throw new Error(`the answer is ${statusCode}`)
}, load))
