#!/usr/bin/env bash
# Bundles programs with the installed package, and runs them: see the tests in this folder. Arguments
# go to node --test.
#
# Installs the bundlers and runtimes (1 GB) into test/bundlers/node_modules, and node-asgi from the
# packages in dist/, which it makes.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

platform=$(package_here)
cd test/bundlers
packages=(../../dist/node-asgi-[0-9]*.tgz ../../dist/node-asgi-"$platform"-*.tgz)
stamp=node_modules/.node-asgi-stamp
want=$(hash_of package.json package-lock.json "${packages[@]}")
if ! stamped "$stamp" "$want"; then
  step 'Installing the bundlers and node-asgi into test/bundlers/node_modules'
  quiet npm ci --no-audit --no-fund
  quiet npm install --no-save --no-audit --no-fund "${packages[@]}"
  echo "$want" >"$stamp"
fi
cd ../..
exec timeout -k 10 1800 node --test --test-reporter=spec --test-concurrency=1 "$@" \
  test/bundlers/*.test.js
