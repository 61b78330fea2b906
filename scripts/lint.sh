#!/usr/bin/env bash
# Every linter, each over all files that git knows or would add; --fix corrects what can be corrected
# without a person first. Needs what setup.sh makes.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
failed=()

# Files by pattern; a deleted file that is still in the index does not count.
files() {
  git ls-files -co --exclude-standard -z -- "$@" | while IFS= read -r -d '' f; do
    [[ ! -f $f ]] || printf '%s\0' "$f"
  done
}

check() {
  local name=$1
  shift
  step "lint: $name"
  "$@" || failed+=("$name")
}

clang_format() { files '*.cc' '*.h' | xargs -0 -r .venv/bin/clang-format "$@"; }
eslint() {
  node_modules/.bin/eslint --cache --cache-location build/.eslintcache --max-warnings 0 "$@" .
}

if [[ ${1-} == --fix ]]; then
  step 'lint: correcting what can be corrected'
  clang_format -i
  eslint --fix >/dev/null || true # what is left is reported below
  .venv/bin/ruff check --quiet --fix . || true
  .venv/bin/ruff format --quiet .
fi

check clang-format clang_format --dry-run -Werror
check clang-tidy .venv/bin/python scripts/tidy.py
check eslint eslint
check tsc node_modules/.bin/tsc --project tsconfig.json
check reference node scripts/reference.js --check
check 'ruff check' .venv/bin/ruff check --quiet .
check 'ruff format' .venv/bin/ruff format --check --quiet .

if ((${#failed[@]} > 0)); then
  printf 'lint failed: %s\n' "$(IFS=, && echo "${failed[*]}")" >&2
  exit 1
fi
