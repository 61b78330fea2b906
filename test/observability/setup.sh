#!/usr/bin/env bash
# Installs OpenTelemetry's SDKs, for Node.js into test/observability/node_modules and for Python into
# test/observability/.venv, unless both are up to date.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
cd test/observability

stamp=node_modules/.node-asgi-stamp
want=$(hash_of package.json package-lock.json)
if ! stamped "$stamp" "$want"; then
  step 'Installing OpenTelemetry into test/observability/node_modules'
  quiet npm ci --no-audit --no-fund
  echo "$want" >"$stamp"
fi

stamp=.venv/installed
if ! cmp -s requirements.txt "$stamp"; then
  step 'Installing OpenTelemetry into test/observability/.venv'
  rm -rf .venv
  "${PYTHON:-python3}" -m venv .venv
  quiet .venv/bin/pip install --disable-pip-version-check -r requirements.txt
  cp requirements.txt "$stamp"
fi
