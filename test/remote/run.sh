#!/usr/bin/env bash
# Runs the tests of test/remote with every server; `npm test` leaves some out.
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
bash test/remote/setup.sh
export NODE_ASGI_REMOTE_SERVERS=all
exec timeout -k 10 600 node --test --test-concurrency=1 --test-reporter=spec "$@" \
  test/remote/*.test.js
