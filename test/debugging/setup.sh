#!/usr/bin/env bash
# Creates test/debugging/.venv with FastAPI, debuggers and profilers, unless it is up to date.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

install_python_packages test/debugging 'FastAPI, debugpy, py-spy and memray'
