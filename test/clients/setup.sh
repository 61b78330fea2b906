#!/usr/bin/env bash
# Installs the clients and test runners into test/clients/node_modules, and the packages of the
# applications into test/clients/.venv, unless both are up to date.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

install_python_packages test/clients 'the packages of the applications'

cd test/clients

stamp=node_modules/.node-asgi-stamp
want=$(hash_of package.json package-lock.json)
if ! stamped "$stamp" "$want"; then
  step 'Installing the clients into test/clients/node_modules'
  quiet npm ci --no-audit --no-fund --ignore-scripts
  echo "$want" >"$stamp"
fi
