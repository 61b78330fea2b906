#!/usr/bin/env bash
# Creates test/remote/.venv with the servers, unless it is up to date.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

install_python_packages test/remote 'the servers'
