#!/usr/bin/env bash
# Installs into build/toolchain what cmake/zig.cmake compiles the packages with: zig, and headers that
# suit every platform.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
directory=build/toolchain
stamp=$directory/.stamp
python=.venv/bin/python
[[ -x $python ]] || die 'There is no .venv. Run `npm run build` first'

path_of() { "$python" -c 'import sys, sysconfig; print(sysconfig.get_path(sys.argv[1]))' "$1"; }
python_headers=$(path_of include)
want=$(hash_of cmake/requirements.txt cmake/pyconfig.h scripts/toolchain.sh \
  "$python_headers/patchlevel.h")
if stamped "$stamp" "$want"; then exit 0; fi

step 'Installing zig and headers into build/toolchain'
rm -rf "$directory"
mkdir -p "$directory"
quiet "$python" -m pip install --disable-pip-version-check --only-binary ':all:' --no-compile \
  --no-deps --require-hashes --requirement cmake/requirements.txt --target "$directory"
# These headers suit every platform, but they are in a folder of this machine's compiler.
cp -R "$python_headers" "$directory/python"
cp cmake/pyconfig.h "$(path_of stdlib)/LICENSE.txt" "$directory/python/"
mkdir "$directory/uv"
cp -R /usr/include/uv.h /usr/include/uv "$directory/uv/"
echo "$want" >"$stamp"
