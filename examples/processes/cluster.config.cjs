module.exports = {
  apps: [{
    name: 'api',
    script: 'server.mjs',
    exec_mode: 'cluster',
    instances: 2,
    wait_ready: true, // until the server says so
    listen_timeout: 60_000,
    kill_timeout: 11_000,
    treekill: false // Python ends with its server
  }]
}
