#!/usr/bin/env bash
# Tests that take several machines, at full length: all, or those in the named folders. Installs what
# they need, which takes some minutes the first time.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
folders=("$@")
((${#folders[@]} > 0)) || mapfile -t folders < <(cd test/scale && printf '%s\n' */ | tr -d /)

# Without root, what is missing is skipped.
((EUID != 0)) || bash scripts/packages.sh haproxy prometheus iproute2
for folder in "${folders[@]}"; do
  [[ -d test/scale/$folder ]] || die "there is no folder test/scale/$folder"
  [[ ! -f test/scale/$folder/setup.sh ]] || bash "test/scale/$folder/setup.sh"
done
NODE_ASGI_TEST_SCALE=full exec timeout -k 10 1800 node --test --test-reporter=spec \
  --test-concurrency=1 $(printf 'test/scale/%s/*.test.js ' "${folders[@]}")
