// Load process (load-process.js) that calls undici's request() on kept connections. Its option is
// { port }; a load is { inFlight, seconds }.
import { closedLoop } from './closed-loop.js'
import { answerLoads, loadOptions } from './load-process.js'
import { npmRequire } from '../install/npm.js'

const { Pool } = npmRequire('undici')
const pool = new Pool(`http://127.0.0.1:${loadOptions().port}`, { pipelining: 1 })

answerLoads(load => closedLoop(async () => {
  const { statusCode, body } = await pool.request({ method: 'GET', path: '/' })
  await body.arrayBuffer()
  if (statusCode !== 200) throw new Error(`the server answered ${statusCode}`)
}, load))
