# Shared by the scripts beside it: sourced, never run. Leaves the shell in the project's root.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Says what is being done, before it is done.
step() { printf '==> %s\n' "$*"; }

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# Runs a command without its output, and shows that only when the command fails.
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

# A stamp is a file that holds the hash of what a step depends on; removing the result of the step
# (node_modules, .venv) removes the stamp inside it, and so repeats the step.
hash_of() { { printf '%s\n' "$@"; for f in "$@"; do [[ ! -f $f ]] || cat "$f"; done; } | sha256sum | cut -d' ' -f1; }
stamped() { [[ -f $1 && $(<"$1") == "$2" ]]; }

at_least() { [[ $(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n1) == "$1" ]]; }

# The first cmake that reads our presets: the system's, or the one from PyPI in .venv.
find_cmake() {
  local candidate version
  for candidate in cmake .venv/bin/cmake; do
    version=$("$candidate" --version 2>/dev/null | sed -n '1s/[^0-9]*\([0-9.]*\).*/\1/p') || continue
    if [[ -n $version ]] && at_least 3.25 "$version"; then
      printf '%s\n' "$candidate"
      return 0
    fi
  done
  return 1
}
