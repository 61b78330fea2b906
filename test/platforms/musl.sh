#!/usr/bin/env bash
# Makes build/platforms/roots/musl, unless it exists: a system whose only C library is musl, with
# the tools of busybox. Debian has both. Needs root.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
bash scripts/packages.sh musl busybox-static
version=$(dpkg-query -W -f='${Version}' musl)
root=build/platforms/roots/musl
stamp=$root/etc/node-asgi-root
if stamped "$stamp" "$version"; then exit 0; fi

step "Making $root: musl $version"
rm -rf --one-file-system "$root"
mkdir -p "$root"/{bin,dev,etc,lib,proc,root,tmp,usr/bin}
cp /bin/busybox "$root/bin"
for name in $(/bin/busybox --list); do ln -s /bin/busybox "$root/bin/$name"; done
ln -s /bin/busybox "$root/usr/bin/env"
# The loader of musl is the library itself.
cp -L /usr/lib/x86_64-linux-musl/libc.so "$root/lib/ld-musl-x86_64.so.1"
ln -s ld-musl-x86_64.so.1 "$root/lib/libc.musl-x86_64.so.1"
printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\n' >"$root/etc/group"
printf 'PRETTY_NAME="musl %s with busybox"\n' "${version%-*}" >"$root/etc/os-release"
echo "$version" >"$stamp"
