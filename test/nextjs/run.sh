#!/usr/bin/env bash
# Runs examples/nextjs in development (hot reload) and as a container would: see the tests in this
# folder. Not part of npm test. Arguments go to node --test.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

bash test/node-frameworks/setup.sh
exec timeout -k 10 900 node --test --test-reporter=spec --test-concurrency=1 "$@" \
  test/nextjs/*.test.js
