#!/usr/bin/env bash
# Prints where builds (`target`) and test peers (`tools`) are kept: ~/.cache/tollgate, so that every clone shares one build
# of RocksDB, or the clone's own target folder where the home folder cannot be written.
#
# Usage: ops/cache-dir.sh target|tools
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
shared=${HOME:-/nonexistent}/.cache/tollgate

if mkdir -p "$shared" 2>/dev/null && [ -w "$shared" ]; then
    printf '%s\n' "$shared/$1"
elif [ "$1" = target ]; then
    printf '%s\n' "$repository/target"
else
    printf '%s\n' "$repository/target/$1"
fi
