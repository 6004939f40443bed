#!/bin/sh
# Starts a daemon of its own on this machine with temporary books, attacks it, and stops it.
#
#     ops/attack.sh TOLLGATE TOLLGATE-TOOLS [options of `tollgate-tools attack`]
set -eu

tollgate=$1
tools=$2
shift 2
folder=$(mktemp -d)
daemon=
stop() {
    [ -z "$daemon" ] || kill "$daemon" 2>/dev/null || true
    [ -z "$daemon" ] || wait "$daemon" 2>/dev/null || true
    rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT TERM

"$tollgate" --config config/tollgate.toml run --data-dir "$folder/data" --smpp-listen 127.0.0.1:0 \
    --http-listen 127.0.0.1:0 --metrics-listen 127.0.0.1:0 >"$folder/ready" 2>"$folder/log" &
daemon=$!
for _ in $(seq 300); do
    [ -s "$folder/ready" ] && break
    kill -0 "$daemon" 2>/dev/null || { tail -n 20 "$folder/log" >&2; exit 1; }
    sleep 0.1
done
address() {
    sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "$folder/ready"
}
"$tools" attack --smpp "$(address smpp)" --http "$(address http)" --metrics "$(address metrics)" --pid "$daemon" "$@"
