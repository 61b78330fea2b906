#!/usr/bin/env bash
# Configures and builds one preset of CMakePresets.json into build/<preset>.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
preset=${1:-release}
directory=build/$preset
cmake=$(find_cmake) || die 'cmake 3.25 or newer is required; scripts/setup.sh installs it'

# The presets of cmake/packages.json, which are named after platforms.
if [[ $preset =~ ^(linux|darwin)- ]]; then
  bash scripts/toolchain.sh
  # zig keeps the libc++ of one checkout there: another one would compile it anew.
  export ZIG_GLOBAL_CACHE_DIR=$PWD/build/toolchain-cache
fi

needs_configuring() {
  local file
  for file in CMakePresets.json cmake/packages.json cmake/zig.cmake; do
    [[ ! $file -nt $directory/build.ninja ]] || return 0
  done
  return 1
}

if needs_configuring; then
  step "Configuring $directory"
  quiet "$cmake" --preset "$preset"
fi

quiet ninja -C "$directory" build.ninja # reconfigures when a CMakeLists.txt has changed
build=("$cmake" --build --preset "$preset" --parallel "$(nproc)")
steps=$(ninja -C "$directory" -n 2>/dev/null | grep -c '^\[') || true
if ((steps == 0)); then
  step "$directory is up to date"
  exit 0
fi
step "Building $directory ($steps steps)"
if [[ -t 1 ]]; then
  "${build[@]}" # ninja rewrites a single line of progress
else
  quiet "${build[@]}"
fi
