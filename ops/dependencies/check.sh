#!/usr/bin/env bash
# Checks licences, banned crates and sources of everything that the workspace is built from, by the rules in deny.toml. Uses
# cargo-deny where it is installed; otherwise check.py beside this file, which reads the same rules. Needs no network once
# the crates were fetched.
#
# Usage: ops/dependencies/check.sh
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
target=$(rustc -vV | sed -n 's/^host: //p')

if cargo deny --version >/dev/null 2>&1; then
    exec cargo deny --offline --locked --target "$target" check bans licenses sources
fi
exec python3 ops/dependencies/check.py --target "$target"
