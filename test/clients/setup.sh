#!/usr/bin/env bash
# Installs the clients and test runners into test/clients/node_modules, and the packages of the
# applications into test/clients/.venv, unless both are up to date.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
cd test/clients

stamp=node_modules/.node-asgi-stamp
want=$(hash_of package.json package-lock.json)
if ! stamped "$stamp" "$want"; then
  step 'Installing the clients into test/clients/node_modules'
  quiet npm ci --no-audit --no-fund --ignore-scripts
  echo "$want" >"$stamp"
fi

stamp=.venv/installed
if ! cmp -s requirements.txt "$stamp"; then
  step 'Installing the packages of the applications into test/clients/.venv'
  rm -rf .venv
  "${PYTHON:-python3}" -m venv .venv
  quiet .venv/bin/pip install --disable-pip-version-check -r requirements.txt
  cp requirements.txt "$stamp"
fi
