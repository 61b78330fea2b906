#!/usr/bin/env bash
# Creates test/remote/.venv with the servers, unless it is up to date.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

venv=test/remote/.venv
stamp=$venv/installed
if ! cmp -s test/remote/requirements.txt "$stamp"; then
  step 'Installing the servers into test/remote/.venv'
  rm -rf "$venv"
  "${PYTHON:-python3}" -m venv "$venv"
  quiet "$venv/bin/pip" install --disable-pip-version-check -r test/remote/requirements.txt
  cp test/remote/requirements.txt "$stamp"
fi
