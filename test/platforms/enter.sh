#!/usr/bin/env bash
# Runs a command in a root file system, in the same folder: enter.sh ROOT COMMAND…
#
# Of this machine it sees that folder and build/platforms, under the same paths, and the network. It
# has mounts and process ids of its own, which end with it, whatever happens. Needs root.
#
# A root for another processor has a file "emulator", which names an emulator of qemu-user. The
# kernel keeps a table of emulators for each user namespace, so the command gets one of its own, and
# this machine's table stays as it is.
set -euo pipefail

if [[ ${1-} == --inside ]]; then # in the new namespaces
  platforms=$2 root=$3 emulator=$4
  shift 4
  mount -t proc proc /proc
  if [[ -n $emulator ]]; then
    mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
    cat "/usr/lib/binfmt.d/$emulator.conf" >/proc/sys/fs/binfmt_misc/register
  fi
  mount --rbind /dev "$root/dev"
  mount --rbind /proc "$root/proc"
  for folder in "$platforms" "$PWD"; do
    mkdir -p "$root$folder"
    mount --bind "$folder" "$root$folder"
  done
  # Names and certificates as on this machine.
  for file in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt; do
    [[ -e $root$file ]] || install -D -m 644 /dev/null "$root$file"
    mount --bind "$file" "$root$file"
  done
  exec chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    /bin/sh -c 'cd "$0" && exec "$@"' "$PWD" "$@"
fi

platforms=$(realpath "$(dirname "$0")/../../build/platforms")
root=$(realpath "$1")
shift
emulator=$(cat "$root/emulator" 2>/dev/null || true)
inside=(--mount --pid --fork --kill-child "$(realpath "$0")" --inside "$platforms" "$root" "$emulator")
[[ -n $emulator ]] || exec unshare "${inside[@]}" "$@"

# The child waits until its namespace knows every user of the root. Only this process may say so.
pipe=$(mktemp --dry-run)
mkfifo "$pipe"
exec {ready}<>"$pipe"
rm "$pipe"
unshare --user bash -c 'read -r -u "$0" && exec unshare "$@"' "$ready" "${inside[@]}" "$@" <&0 &
child=$!
trap 'kill "$child" 2>/dev/null || true' EXIT
while [[ $(readlink "/proc/$child/ns/user") == "$(readlink /proc/self/ns/user)" ]]; do sleep 0.05; done
echo '0 0 65536' >"/proc/$child/uid_map"
echo '0 0 65536' >"/proc/$child/gid_map"
echo >&"$ready"
wait "$child"
