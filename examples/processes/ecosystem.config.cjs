// PM2 keeps one process running, which is the primary of the others.
module.exports = {
  apps: [{
    name: 'api',
    script: 'node_modules/node-asgi/addon/bin/node-asgi.js',
    args: 'main:app --port 8000 --processes 2 --workers 2',
    exec_mode: 'fork',
    kill_timeout: 11_000, // milliseconds; more than the server needs to stop
    treekill: false // the primary stops the others
  }]
}
