#!/usr/bin/env bash
# Builds the examples of React Router, SvelteKit and Nuxt with the installed package, and runs them:
# see frameworks.test.js. Arguments go to node --test.
#
# Installs the frameworks (500 MB) into build/fetch-frameworks, where the examples are built, too.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

place=build/fetch-frameworks
stamp=$place/node_modules/.node-asgi-stamp
want=$(hash_of test/fetch-frameworks/package.json test/fetch-frameworks/package-lock.json)
if ! stamped "$stamp" "$want"; then
  step "Installing the frameworks into $place/node_modules"
  mkdir -p "$place"
  cp test/fetch-frameworks/package{,-lock}.json "$place"
  (cd "$place" && quiet npm ci --no-audit --no-fund --ignore-scripts)
  echo "$want" >"$stamp"
fi
exec timeout -k 10 900 node --test --test-reporter=spec --test-concurrency=1 "$@" \
  test/fetch-frameworks/*.test.js
