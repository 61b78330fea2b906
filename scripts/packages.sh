#!/usr/bin/env bash
# Installs the system packages that the build needs (Debian, Ubuntu) and those named as arguments.
# Without root it prints the command to run, and fails.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The C++ headers of msgpack-c were in libmsgpack-dev before they got their own package.
msgpack_package() {
  if [[ -n $(apt-cache show --no-all-versions libmsgpack-cxx-dev 2>/dev/null) ]]; then
    echo libmsgpack-cxx-dev
  else
    echo libmsgpack-dev
  fi
}

missing_packages() {
  local name
  for name in g++ ninja-build pkg-config libboost-dev libgtest-dev libuv1-dev python3-dev \
    python3-venv curl openssl "$@"; do
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || echo "$name"
  done
  [[ -f /usr/include/msgpack.hpp ]] || msgpack_package
  # An older cmake is kept: setup.sh then installs one from PyPI.
  command -v cmake >/dev/null || echo cmake
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  step 'This is not Debian or Ubuntu. Install a C++20 compiler, ninja, pkg-config, openssl and' \
    'the headers of Boost, msgpack-c (C++), GoogleTest, libuv and Python yourself.'
  exit 0
fi

mapfile -t missing < <(missing_packages "$@")
((${#missing[@]} > 0)) || exit 0

if ((EUID != 0)); then
  printf 'System packages are missing. Run this command, then try again:\n\n' >&2
  printf '  sudo apt-get update && sudo apt-get install -y %s\n\n' "${missing[*]}" >&2
  exit 1
fi

# Parts of the tests that run at the same time may each need something.
exec 8>build/.packages.lock
flock 8
export DEBIAN_FRONTEND=noninteractive
apt=(apt-get -o DPkg::Lock::Timeout=300 -y)
step 'Reading the package lists'
quiet "${apt[@]}" update
mapfile -t missing < <(missing_packages "$@") # the lists now show which msgpack package exists
step "Installing system packages: ${missing[*]}"
quiet "${apt[@]}" install --no-install-recommends "${missing[@]}"
