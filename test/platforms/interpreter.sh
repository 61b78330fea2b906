#!/usr/bin/env bash
# Compiles a CPython that no package brings, unless it exists: interpreter.sh KIND VERSION
#
# The sources are Debian's, and so is the compiler: that of Debian 11, so the result runs on every
# later system. It is installed as /opt/python in build/platforms/pythons/KIND-VERSION. KIND is
#   gnu   for glibc
#   musl  for musl, with OpenSSL and zlib linked in
# A t after the version means free-threaded. Takes minutes. Needs root.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
kind=$1 version=${2%t} name=$1-$2
flags=()
[[ $2 != *t ]] || flags=(--disable-gil)
platforms=$PWD/build/platforms
roots=$platforms/roots
enter=$PWD/test/platforms/enter.sh
python=$platforms/pythons/$name
if [[ -x $python/opt/python/bin/python3 ]]; then exit 0; fi

compiler=debian-11-compiler
if [[ $version == 3.14 ]]; then newest=debian-sid; else newest=debian-13; fi
bash test/platforms/debian.sh "$compiler"
bash test/platforms/debian.sh "$newest"

work=$platforms/work/$name
rm -rf "$work"
mkdir -p "$work"

# Downloads the sources of packages from the release of a root. A mirror may be older than it should.
fetch() {
  local root=$roots/$1
  shift
  step "Downloading the sources of $*"
  # systems.js knows this exit code.
  (cd "$work" && quiet "$enter" "$root" sh -c '
    sed "s/^deb /deb-src /" /etc/apt/sources.list >/etc/apt/sources.list.d/sources.list
    apt-get -q -o Acquire::Check-Valid-Until=false update &&
      apt-get -q source --download-only "$@"' sh "$@") || exit 75
}
fetch "$newest" "python$version"
[[ $kind != musl ]] || fetch "$compiler" openssl zlib

step "Compiling CPython $version ($name)"
cp test/platforms/compile.sh "$work"
(cd "$work" && quiet nice "$enter" "$roots/$compiler" bash compile.sh "$kind" "${flags[@]}")
mkdir -p "$platforms/pythons"
rm -rf "$python"
mv "$work/installed" "$python"
rm -rf "$work"
