# Helpers for the scripts in this folder. Source this file, do not run it: it changes to the root of
# the checkout.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Prints what the script is about to do.
step() { printf '==> %s\n' "$*"; }

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# Runs a command without showing its output, unless it fails.
quiet() {
  local log status=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if ((status != 0)); then
    printf 'error: "%s" failed (exit code %d):\n' "$*" "$status" >&2
    cat "$log" >&2
  fi
  rm -f "$log"
  return "$status"
}

# A stamp is a file that holds the hash of what a step depends on. It is in the result of the step
# (node_modules, .venv), so removing the result repeats the step.
hash_of() {
  {
    printf '%s\n' "$@"
    for f in "$@"; do [[ ! -f $f ]] || cat "$f"; done
  } | sha256sum | cut -d' ' -f1
}
stamped() { [[ -f $1 && $(<"$1") == "$2" ]]; }

# Creates FOLDER/.venv with the packages of FOLDER/requirements.txt, unless it is up to date.
install_python_packages() {
  local folder=$1 what=$2 venv=$1/.venv
  if cmp -s "$folder/requirements.txt" "$venv/installed"; then return 0; fi
  step "Installing $what into $venv"
  rm -rf "$venv"
  "${PYTHON:-python3}" -m venv "$venv"
  quiet "$venv/bin/pip" install --disable-pip-version-check -r "$folder/requirements.txt"
  cp "$folder/requirements.txt" "$venv/installed"
}

at_least() { [[ $(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n1) == "$1" ]]; }

# Makes the package node-asgi and that of this platform in dist/, and prints the platform's name.
# `npm run package` makes all packages.
package_here() {
  local platform
  platform=$(node --input-type=module --eval \
    "console.log((await import('./addon/lib/native/platform.js')).platformName())")
  npm run --silent package -- --platform "$platform" >&2
  echo "$platform"
}

# Prints the first cmake that supports our presets: the system's, or the one from PyPI in .venv.
find_cmake() {
  local candidate version
  for candidate in cmake .venv/bin/cmake; do
    version=$("$candidate" --version 2>/dev/null |
      sed -n '1s/[^0-9]*\([0-9.]*\).*/\1/p') || continue
    if [[ -n $version ]] && at_least 3.25 "$version"; then
      printf '%s\n' "$candidate"
      return 0
    fi
  done
  return 1
}
