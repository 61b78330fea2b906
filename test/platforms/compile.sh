#!/usr/bin/env bash
# Compiles the sources in this folder into the folder "installed"; interpreter.sh runs it in a root
# that has a compiler: compile.sh KIND FLAG…
set -euo pipefail
kind=$1
shift
here=$PWD
jobs=$(nproc)

# Unpacks NAME-VERSION.tar.* or NAME_VERSION.orig.tar.* and enters it.
unpack() {
  mkdir "$here/$1"
  tar --directory "$here/$1" --strip-components 1 --extract --file "$(echo "$here/$1"*_*.orig.tar.*z)"
  cd "$here/$1"
}

flags=("$@" --prefix=/opt/python --with-ensurepip=no --disable-test-modules)
if [[ $kind == musl ]]; then
  # musl-gcc itself would name the system that it runs on, and CPython's configure compares.
  cat >"$here/cc" <<'END'
#!/bin/sh
if [ "$1" = --print-multiarch ]; then echo x86_64-linux-musl; else exec musl-gcc "$@"; fi
END
  chmod +x "$here/cc"
  export CC=$here/cc
  # musl-gcc sees no header of the system. Those of the kernel suit every C library.
  mkdir -p "$here/libraries/include"
  ln -s /usr/include/linux /usr/include/asm-generic /usr/include/x86_64-linux-gnu/asm \
    "$here/libraries/include"
  unpack zlib
  CFLAGS=-fPIC ./configure --static --prefix="$here/libraries"
  make -j "$jobs" install
  unpack openssl
  ./Configure linux-x86_64 --prefix="$here/libraries" --libdir=lib -I"$here/libraries/include" \
    no-shared no-tests no-afalgeng no-engine no-async
  make -j "$jobs" build_libs
  make install_dev
  flags+=(--with-openssl="$here/libraries" --build=x86_64-linux-musl)
  export CPPFLAGS="-I$here/libraries/include" LDFLAGS="-L$here/libraries/lib"
  export PKG_CONFIG_LIBDIR=$here/libraries/lib/pkgconfig
fi

unpack python
# Speed does not matter here; the time of the compiler does.
./configure "${flags[@]}" OPT='-O1 -DNDEBUG -fwrapv -Wall'
make -j "$jobs"
make DESTDIR="$here/installed" install
