// A plain loop of undici's request(), for bench/support/loads/loader.js: { port } is its option, and
// { inFlight, seconds } a load. Connections are kept.
import { closedLoop } from './closed-loop.js'
import { answers, loaderOptions } from './loader.js'
import { npmRequire } from '../install/npm.js'

const { Pool } = npmRequire('undici')
const pool = new Pool(`http://127.0.0.1:${loaderOptions().port}`, { pipelining: 1 })

answers(load => closedLoop(async () => {
  const { statusCode, body } = await pool.request({ method: 'GET', path: '/' })
  await body.arrayBuffer()
  if (statusCode !== 200) throw new Error(`the answer is ${statusCode}`)
}, load))
