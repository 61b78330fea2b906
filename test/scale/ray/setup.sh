#!/usr/bin/env bash
# Installs Ray Serve (500 MB) into test/scale/ray/.venv, unless it is up to date.
source "$(dirname "${BASH_SOURCE[0]}")/../../../scripts/lib.sh"

wanted=examples/ray-serve/requirements.txt
cd test/scale/ray
stamp=.venv/installed
if ! cmp -s "../../../$wanted" "$stamp"; then
  step 'Installing Ray Serve into test/scale/ray/.venv'
  rm -rf .venv
  "${PYTHON:-python3}" -m venv .venv
  quiet .venv/bin/pip install --disable-pip-version-check -r "../../../$wanted"
  cp "../../../$wanted" "$stamp"
fi
