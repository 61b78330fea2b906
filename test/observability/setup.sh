#!/usr/bin/env bash
# Installs OpenTelemetry's SDKs, for Node.js into test/observability/node_modules and for Python into
# test/observability/.venv, unless both are up to date.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

install_python_packages test/observability 'OpenTelemetry'

cd test/observability

stamp=node_modules/.node-asgi-stamp
want=$(hash_of package.json package-lock.json)
if ! stamped "$stamp" "$want"; then
  step 'Installing OpenTelemetry into test/observability/node_modules'
  quiet npm ci --no-audit --no-fund
  echo "$want" >"$stamp"
fi
