#!/usr/bin/env bash
# Runs a command, usually cargo, with RocksDB compiled already: once, into a static library kept outside the clone.
#
# Cargo compiles RocksDB again whenever the features of anything below it differ between two commands (a build, the tests,
# the lints, the docs), which on two cores costs a quarter of an hour each time. With ROCKSDB_LIB_DIR set to the library's
# folder its build script links that instead. The folder's name carries the crate's version and the compiler's, so
# that an upgrade of either compiles anew. Without this script everything builds all the same, only more slowly.
#
# Usage: ops/rocksdb.sh COMMAND...
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$repository"

version=$(awk '/^name = "librocksdb-sys"/ {getline; gsub(/[",]/, ""); print $3}' Cargo.lock)
compiler=$(c++ -dumpfullversion 2>/dev/null || c++ -dumpversion)
folder=$(ops/cache-dir.sh rocksdb)/$version-gcc$compiler-$(uname -m)

if [ ! -f "$folder/librocksdb.a" ]; then
    printf 'rocksdb: compiling version %s once; this takes some minutes\n' "$version" >&2
    target=${CARGO_TARGET_DIR:-$(ops/cache-dir.sh target)}
    # Without the two variables, or an older library would be linked and there would be nothing to keep.
    env -u ROCKSDB_LIB_DIR -u ROCKSDB_STATIC CARGO_TARGET_DIR="$target" \
        cargo build --release --quiet -p tollgate-storage >&2
    library=$(find "$target"/release/build/librocksdb-sys-*/out -name librocksdb.a -printf '%T@ %p\n' \
        | sort -n | tail -n 1 | cut -d ' ' -f 2-)
    mkdir -p "$folder"
    # Renamed into place, so that a folder with the library in it has the whole of it.
    cp "$library" "$folder/librocksdb.a.$$"
    mv "$folder/librocksdb.a.$$" "$folder/librocksdb.a"
fi
ROCKSDB_LIB_DIR=$folder ROCKSDB_STATIC=1 exec "$@"
