/** What a container runtime does to a process, with the tools of every Linux. */

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * The beginning of a command that runs another one as process 1 of a container: docker run
 * --read-only --cap-drop ALL --security-opt no-new-privileges, with `USER`. It needs root.
 * @param {number} user
 * @param {string[]} [writable] directories that get a file system of their own
 */
export function container (user, writable = []) {
  return ['unshare', '--pid', '--fork', '--kill-child', '--mount', '--mount-proc', 'sh', '-euc', `
    mount -o remount,ro,bind /
    for mount in $(cut -d ' ' -f 5 /proc/self/mountinfo); do
      case $mount in /proc* | /sys* | /dev*) ;; *) mount -o remount,ro,bind "$mount" || : ;; esac
    done 2>/dev/null
    if touch /tmp/node-asgi-container 2>/dev/null; then exit 9; fi
    for folder in ${writable.join(' ')}; do mount -t tmpfs -o mode=1777 tmpfs "$folder"; done
    exec setpriv --reuid=${user} --regid=${user} --clear-groups --no-new-privs \\
      --bounding-set=-all --inh-caps=-all "$0" "$@"`]
}

/** Whether containers can be made here. */
export function hasContainers () {
  const [file, ...args] = container(0)
  return spawnSync(file, [...args, 'true']).status === 0
}

/**
 * The first process of the namespace, which `docker stop` sends the signal to.
 * @param {{ pid?: number }} container the process that was spawned
 */
export function firstProcess ({ pid }) {
  return parseInt(readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1'), 10)
}
