#!/usr/bin/env bash
# Runs every linter over all files that git tracks or would add. --fix first corrects what the tools
# can correct. Run setup.sh before.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
failed=()

# Lists files by pattern, without deleted files that are still in the index.
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
  step 'lint: fixing what the tools can fix'
  clang_format -i
  eslint --fix >/dev/null || true # the checks below report the rest
  .venv/bin/ruff check --quiet --fix . || true
  .venv/bin/ruff format --quiet .
fi

check clang-format clang_format --dry-run -Werror
check clang-tidy .venv/bin/python scripts/tidy.py
check eslint eslint
check tsc node_modules/.bin/tsc --project tsconfig.json
check 'tsc (page)' node_modules/.bin/tsc --project tsconfig.page.json
check 'import graph' node scripts/import-graph.js
check reference node scripts/reference.js --check
check 'ruff check' .venv/bin/ruff check --quiet .
check 'ruff format' .venv/bin/ruff format --check --quiet .
check '.github' github

if ((${#failed[@]} > 0)); then
  printf 'lint failed: %s\n' "$(IFS=, && echo "${failed[*]}")" >&2
  exit 1
fi
