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
# What GitHub reads, against the schemas that come with check-jsonschema.
github() {
  local status=0
  against() {
    quiet .venv/bin/check-jsonschema --builtin-schema "vendor.$1" "${@:2}" || status=1
  }
  against github-workflows .github/workflows/*.yml
  against github-actions .github/actions/*/action.yml
  against github-issue-config .github/ISSUE_TEMPLATE/config.yml
  against github-issue-forms .github/ISSUE_TEMPLATE/{bug,feature}.yml
  against dependabot .github/dependabot.yml
  return "$status"
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
check 'import graph' node scripts/import-graph.js
check 'ruff check' .venv/bin/ruff check --quiet .
check 'ruff format' .venv/bin/ruff format --check --quiet .
check '.github' github

if ((${#failed[@]} > 0)); then
  printf 'lint failed: %s\n' "$(IFS=, && echo "${failed[*]}")" >&2
  exit 1
fi
