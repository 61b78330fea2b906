#!/usr/bin/env bash
# Creates test/frameworks/.venv with the frameworks, unless it is up to date.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

venv=test/frameworks/.venv
stamp=$venv/installed
if ! cmp -s test/frameworks/requirements.txt "$stamp"; then
  step 'Installing the frameworks into test/frameworks/.venv'
  rm -rf "$venv"
  "${PYTHON:-python3}" -m venv "$venv"
  quiet "$venv/bin/pip" install --disable-pip-version-check -r test/frameworks/requirements.txt
  cp test/frameworks/requirements.txt "$stamp"
fi
