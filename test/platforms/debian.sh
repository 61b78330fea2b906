#!/usr/bin/env bash
# Makes the root file system of a Debian release with debootstrap, as build/platforms/roots/NAME,
# unless it exists: debian.sh NAME
#
# Needs root. Another processor than this machine's is emulated by qemu-user.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

newcomer=ca-certificates,python3,python3-venv
compiler=ca-certificates,build-essential,pkg-config,perl,xz-utils,musl-tools,libssl-dev,zlib1g-dev
case $1 in
  debian-11) system=(bullseye amd64 "$newcomer") ;;
  debian-11-compiler) system=(bullseye amd64 "$compiler") ;;
  debian-13) system=(trixie amd64 "$newcomer") ;;
  debian-13-arm64) system=(trixie arm64 "$newcomer") ;;
  debian-sid) system=(sid amd64 "$newcomer") ;;
  *) die "unknown root: $1" ;;
esac
read -r suite arch packages <<<"${system[*]}"
root=build/platforms/roots/$1
stamp=$root/etc/node-asgi-root
if stamped "$stamp" "${system[*]}"; then exit 0; fi

bash scripts/packages.sh debootstrap debian-archive-keyring
if [[ $arch != "$(dpkg --print-architecture)" ]]; then
  declare -A emulators=([arm64]=qemu-aarch64)
  bash scripts/packages.sh qemu-user-static
  foreign=(--foreign)
fi

step "Making $root: Debian $suite ($arch)"
rm -rf --one-file-system "$root"
mkdir -p "$root"
# Mounts that debootstrap makes end with its namespace.
quiet unshare --mount nice debootstrap --arch="$arch" --variant=minbase --include="$packages" \
  ${foreign+"${foreign[@]}"} "$suite" "$root"
if [[ -v foreign ]]; then
  # The second stage would configure the packages in the emulator, for half an hour. It is enough to
  # unpack them, and to do what base-passwd does.
  for package in "$root"/var/cache/apt/archives/*.deb; do
    quiet dpkg-deb --extract "$package" "$root"
  done
  for name in passwd group; do cp "$root/usr/share/base-passwd/$name.master" "$root/etc/$name"; done
  echo "${emulators[$arch]}" >"$root/emulator"
fi
echo "${system[*]}" >"$stamp"
