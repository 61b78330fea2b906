#!/usr/bin/env bash
# Runs examples/processes with PM2: see pm2.test.js. Arguments go to node --test.
#
# Installs PM2 (25 MB) into build/process-managers.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

place=build/process-managers
stamp=$place/node_modules/.node-asgi-stamp
want=$(hash_of test/process-managers/package.json test/process-managers/package-lock.json)
if ! stamped "$stamp" "$want"; then
  step "Installing PM2 into $place/node_modules"
  mkdir -p "$place"
  cp test/process-managers/package{,-lock}.json "$place"
  (cd "$place" && quiet npm ci --no-audit --no-fund --ignore-scripts)
  echo "$want" >"$stamp"
fi
exec timeout -k 10 300 node --test --test-reporter=spec --test-concurrency=1 "$@" \
  test/process-managers/*.test.js
