#!/usr/bin/env bash
# Creates test/frameworks/.venv with the frameworks, unless it is up to date.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

install_python_packages test/frameworks 'the frameworks'
