#!/usr/bin/env bash
# Runs the tests with real proxies. With root it installs those that are missing; without, the tests
# of a missing proxy are skipped.
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
((EUID != 0)) || bash scripts/packages.sh nginx haproxy caddy
exec timeout -k 10 600 node --test --test-reporter=spec test/proxies/*.test.js
