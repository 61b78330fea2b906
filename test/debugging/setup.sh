#!/usr/bin/env bash
# Creates test/debugging/.venv with FastAPI, debuggers and profilers, unless it is up to date.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

venv=test/debugging/.venv
stamp=$venv/installed
if ! cmp -s test/debugging/requirements.txt "$stamp"; then
  step 'Installing FastAPI, debugpy, py-spy and memray into test/debugging/.venv'
  rm -rf "$venv"
  "${PYTHON:-python3}" -m venv "$venv"
  quiet "$venv/bin/pip" install --disable-pip-version-check -r test/debugging/requirements.txt
  cp test/debugging/requirements.txt "$stamp"
fi
