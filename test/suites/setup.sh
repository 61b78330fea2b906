#!/usr/bin/env bash
# Installs Starlette and FastAPI into test/suites/.venv, and the sources of the same releases, which
# contain their tests, into test/suites/sources. Does nothing when both are up to date.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

folder=test/suites
venv=$folder/.venv
stamp=$venv/installed
cmp -s "$folder/requirements.txt" "$stamp" && exit 0

step "Installing Starlette, FastAPI and what their tests need into $venv"
rm -rf "$venv" "$folder/sources"
"${PYTHON:-python3}" -m venv "$venv"
quiet "$venv/bin/pip" install --disable-pip-version-check -r "$folder/requirements.txt"
for name in starlette fastapi; do
  step "Downloading the sources of $name"
  release=$(sed -n "s/^$name\(\[.*\]\)\?==//p" "$folder/requirements.txt")
  mkdir -p "$folder/sources/$name"
  quiet "$venv/bin/pip" download --disable-pip-version-check --no-deps --no-build-isolation \
    --no-binary "$name" --dest "$folder/sources" "$name==$release"
  tar -xzf "$folder/sources/$name-$release.tar.gz" -C "$folder/sources/$name" --strip-components=1
done
cp "$folder/requirements.txt" "$stamp"
