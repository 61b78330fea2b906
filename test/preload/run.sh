#!/usr/bin/env bash
# Preloads real libraries that have threads, and uses them in forked workers: see preload.test.js.
#
#     bash test/preload/run.sh [--torch] [arguments of node --test]
#
# Installs them into test/preload/.venv (1.5 GB; with torch, 7 GB) unless they are there.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

folder=test/preload
venv=$folder/.venv
requirements=("$folder/requirements.txt")
if [[ ${1-} == --torch ]]; then
  requirements+=("$folder/requirements-torch.txt")
  shift
fi

[[ -x $venv/bin/python ]] || "${PYTHON:-python3}" -m venv "$venv"
for file in "${requirements[@]}"; do
  stamp=$venv/$(basename "$file").installed
  if ! cmp -s "$file" "$stamp"; then
    step "Installing $(basename "$file") into $venv"
    quiet "$venv/bin/pip" install --disable-pip-version-check --no-cache-dir -r "$file"
    cp "$file" "$stamp"
  fi
done
exec timeout -k 10 1800 node --test --test-reporter=spec "$@" "$folder/preload.test.js"
