#!/usr/bin/env bash
# Installs the frameworks into test/node-frameworks/node_modules and builds the application of
# Next.js, unless both are up to date.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
cd test/node-frameworks
export NEXT_TELEMETRY_DISABLED=1

stamp=node_modules/.node-asgi-stamp
want=$(hash_of package.json package-lock.json)
if ! stamped "$stamp" "$want"; then
  step 'Installing the frameworks into test/node-frameworks/node_modules'
  quiet npm ci --no-audit --no-fund
  echo "$want" >"$stamp"
fi

mapfile -d '' sources < <(find next-app -name '*.js' -not -path '*/.next/*' -print0 | sort -z)
stamp=next-app/.next/.node-asgi-stamp
want=$(hash_of package-lock.json "${sources[@]}")
if ! stamped "$stamp" "$want"; then
  step 'Building the application of Next.js'
  rm -rf next-app/.next
  (cd next-app && quiet ../node_modules/.bin/next build)
  echo "$want" >"$stamp"
fi
