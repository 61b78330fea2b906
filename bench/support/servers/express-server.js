// Serves files with express.static, from the folder that BENCH_FILES names. Its options are one
// JSON argument.
import express from 'express'

const { port } = JSON.parse(process.argv[2])
const app = express()
app.get('/pid', (req, res) => { res.send(String(process.pid)) })
app.use('/files', express.static(process.env.BENCH_FILES))
app.listen(port, '127.0.0.1')
process.on('SIGTERM', () => process.exit())
