#!/usr/bin/env bash
# Sets up the checkout and serves the FastAPI example.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
bash scripts/setup.sh
step 'Starting the FastAPI example'
exec node examples/fastapi/server.js "$@"
