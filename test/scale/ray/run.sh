#!/usr/bin/env bash
# Runs the tests of Ray Serve at full length, and installs it before. Arguments go to node --test.
source "$(dirname "${BASH_SOURCE[0]}")/../../../scripts/lib.sh"

bash test/scale/ray/setup.sh
NODE_ASGI_TEST_SCALE=full exec timeout -k 30 900 node --test --test-reporter=spec "$@" \
  test/scale/ray/*.test.js
