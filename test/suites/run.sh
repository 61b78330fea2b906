#!/usr/bin/env bash
# Runs Starlette's and FastAPI's own tests through the server: see run.js.
#
#     bash test/suites/run.sh [starlette|fastapi [arguments of pytest]]
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

bash scripts/setup.sh
bash test/suites/setup.sh
if (($# > 0)); then
  exec node test/suites/run.js "$@"
fi
status=0
for name in starlette fastapi; do
  node test/suites/run.js "$name" || status=1
done
exit "$status"
