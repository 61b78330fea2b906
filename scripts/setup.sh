#!/usr/bin/env bash
# Installs everything that a fresh clone needs (system packages, npm packages, .venv) and builds.
# Skips what is up to date. The argument is the preset to build (default: release).
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
preset=${1:-release}

command -v node >/dev/null || die 'Node.js 20 or newer is required, but node is not on PATH'
at_least 20 "$(node -p process.versions.node)" ||
  die "Node.js 20 or newer is required, but this is $(node --version)"

mkdir -p build
exec 9>build/.setup.lock
flock -n 9 || { step 'Waiting for another setup of this checkout to finish' && flock 9; }

bash scripts/packages.sh

setup_node_modules() {
  local stamp=node_modules/.node-asgi-stamp want
  want=$(hash_of package.json package-lock.json)
  if stamped "$stamp" "$want"; then return; fi
  step 'Installing npm packages'
  if [[ -f package-lock.json ]]; then
    quiet npm ci --include=dev
  else
    quiet npm install --include=dev
    want=$(hash_of package.json package-lock.json)
  fi
  echo "$want" >"$stamp"
}

# Prints a Python that is new enough and can create a virtual environment with pip.
find_python() {
  local candidate
  for candidate in "${PYTHON:-python3}" /usr/bin/python3 python3.{13,12,11,10}; do
    if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))' \
      >/dev/null 2>&1; then
      command -v "$candidate"
      return
    fi
  done
  die 'Python 3.10 or newer with the venv module is required, but none was found on PATH'
}

setup_venv() {
  local stamp=.venv/.node-asgi-stamp python version want
  local requirements=(examples/fastapi/requirements.txt test/requirements.txt)
  python=$(find_python)
  version=$("$python" -c 'import sys; print(sys.prefix, sys.version)')
  want=$(hash_of "${requirements[@]}" "$version")
  if stamped "$stamp" "$want" && .venv/bin/python -c '' 2>/dev/null; then return; fi
  step "Creating .venv with $("$python" --version) and installing Python packages"
  rm -rf .venv
  quiet "$python" -m venv .venv
  quiet .venv/bin/python -m pip install --disable-pip-version-check --only-binary ':all:' \
    "${requirements[@]/#/--requirement=}"
  echo "$want" >"$stamp"
}

setup_cmake() {
  if find_cmake >/dev/null; then return; fi
  step 'Installing cmake from PyPI, because the system has none that is 3.25 or newer'
  quiet .venv/bin/python -m pip install --disable-pip-version-check 'cmake==3.31.*'
}

setup_node_modules
setup_venv
setup_cmake
bash scripts/build.sh "$preset"
