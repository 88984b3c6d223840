#!/usr/bin/env bash
# A server for people who change it: simulated devices, data under .cache/dev, a restart after each change in src.
# Further arguments go to `ropeway serve`.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH"
node container/bundle.ts
exec node --watch --watch-path=src src/main.ts serve --data .cache/dev --backend host --simulate 2x4 "$@"
