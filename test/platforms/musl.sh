#!/usr/bin/env bash
# Makes build/platforms/roots/musl, unless it exists: a system whose only C library is musl, with
# the tools of busybox. Both are Debian's. Needs root.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
roots=$PWD/build/platforms/roots
enter=$PWD/test/platforms/enter.sh
root=$roots/musl
stamp=$root/etc/node-asgi-root
version=1
if stamped "$stamp" "$version"; then exit 0; fi

bash test/platforms/debian.sh debian-13
step "Making ${root#"$PWD/"}"
work=$PWD/build/platforms/work/musl-root
rm -rf --one-file-system "$root" "$work"
mkdir -p "$work" "$root"/{bin,dev,etc,lib,proc,root,tmp,usr/bin}
(
  cd "$work"
  # Debian 12's musl is too old: it ignores RELR, the relocations that new binaries have.
  quiet "$enter" "$roots/debian-13" sh -c '
    apt-get -q update && apt-get -q download musl busybox-static &&
      for file in *.deb; do dpkg-deb --extract "$file" .; done'
)
for name in $("$work/usr/bin/busybox" --list); do ln -s busybox "$root/bin/$name"; done
cp --remove-destination "$work/usr/bin/busybox" "$root/bin/busybox" # one of the names
ln -s /bin/busybox "$root/usr/bin/env"
# The loader of musl is the library itself.
cp -L "$work/usr/lib/x86_64-linux-musl/libc.so" "$root/lib/ld-musl-x86_64.so.1"
ln -s ld-musl-x86_64.so.1 "$root/lib/libc.musl-x86_64.so.1"
printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\n' >"$root/etc/group"
musl=$(echo "$work"/musl_*.deb)
musl=${musl##*/musl_}
printf 'PRETTY_NAME="musl %s with busybox"\n' "${musl%%-*}" >"$root/etc/os-release"
rm -rf "$work"
echo "$version" >"$stamp"
