/** Runs nginx, HAProxy or Caddy in front of a server, with the configuration that people use. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, join } from 'node:path'

const PATH = `${process.env.PATH}${delimiter}/usr/sbin`

/** @param {string} program */
export function isInstalled (program) {
  return PATH.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

export async function freePort () {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address()
  server.close()
  return port
}

/**
 * @param {string | number} upstream
 * @param {string} unix how the proxy marks the path of a Unix socket
 */
function where (upstream, unix) {
  return typeof upstream === 'string' ? unix + upstream : `127.0.0.1:${upstream}`
}

/** By program: its configuration file, and the arguments that run it in the foreground. */
const PROXIES = {
  nginx: {
    usual: `
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
    `,
    file: ({ folder, port, upstream, config }) => `
      ${process.getuid() === 0 ? 'user root;' : ''}
      pid ${folder}/pid;
      error_log stderr;
      worker_processes 1;
      events {}
      http {
        access_log off;
        ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) =>
          `${name}_temp_path ${folder}/${name};`).join('\n')}
        server {
          listen 127.0.0.1:${port};
          location / {
            proxy_pass http://${where(upstream, 'unix:')};
            proxy_http_version 1.1;
            ${config}
          }
        }
      }
    `,
    args: (file, folder) => ['-c', file, '-p', folder, '-e', 'stderr', '-g', 'daemon off;']
  },
  haproxy: {
    usual: `
      option forwardfor
      http-request set-header X-Forwarded-Proto http
    `,
    file: ({ port, upstream, config }) => `
defaults
  mode http
  timeout connect 5s
  timeout client 10s
  timeout server 10s
frontend web
  bind 127.0.0.1:${port}
  ${config.trim().replaceAll(/\n\s*/g, '\n  ')}
  default_backend app
backend app
  server one ${where(upstream, 'unix@')}
`,
    args: (file) => ['-f', file, '-db']
  },
  caddy: {
    usual: '',
    file: ({ port, upstream, config }) => `
{
  admin off
  auto_https off
}
http://:${port} {
  bind 127.0.0.1
  reverse_proxy ${where(upstream, 'unix/')} {
    ${config}
  }
}
`,
    args: (file) => ['run', '--config', file, '--adapter', 'caddyfile']
  }
}

/**
 * @param {string} program
 * @param {object} setting
 * @param {string} setting.folder for its files
 * @param {number} setting.port
 * @param {string | number} setting.upstream a port, or the path of a Unix socket
 * @param {string} [setting.config] instead of the usual one
 */
export function startProxy (program, setting) {
  const { folder } = setting
  const { usual, file, args } = PROXIES[program]
  const path = join(folder, 'config')
  writeFileSync(path, file({ ...setting, config: setting.config ?? usual }))
  const child = spawn(program, args(path, folder), {
    stdio: ['ignore', 'inherit', 'pipe'],
    env: { PATH, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
  })
  let output = ''
  child.stderr.setEncoding('utf8').on('data', (text) => { output += text })
  const ended = once(child, 'exit')
  ended.then(([code]) => { if (code) process.stderr.write(output) })
  return {
    async stop () {
      child.kill('SIGTERM')
      await ended
    }
  }
}
