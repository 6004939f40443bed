#!/usr/bin/env bash
# Runs a command, usually cargo, with RocksDB compiled already: once, into a static library kept outside the clone.
#
# Cargo compiles RocksDB again for every profile, and whenever the features of anything below it differ between two
# commands. With ROCKSDB_LIB_DIR set to the library's folder its build script links that instead, in every profile. The
# folder's name carries the crate's version, the compiler's and the way it was compiled, so that a change of either
# compiles anew. Without this script everything builds all the same, only more slowly.
#
# The sources are compiled in batches: one unit includes up to BATCH files of one folder, as most of the time goes into
# headers that each file would read again. The crate's own build script does it, so that all flags are its own.
#
# Usage: ops/rocksdb.sh COMMAND...
set -euo pipefail

# Files of one folder in one unit. 1 compiles them one by one.
BATCH=${ROCKSDB_BATCH:-1}

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$repository"

version=$(awk '/^name = "librocksdb-sys"/ {getline; gsub(/[",]/, ""); print $3}' Cargo.lock)
compiler=$(c++ -dumpfullversion 2>/dev/null || c++ -dumpversion)
folder=$(ops/cache-dir.sh rocksdb)/$version-gcc$compiler-$(uname -m)
[ "$BATCH" -eq 1 ] || folder=$folder-batch$BATCH

main() {
    if [ ! -f "$folder/librocksdb.a" ]; then
        mkdir -p "$folder"
        exec 9>"$folder/.lock" && flock 9 # two clones may come here at the same time
        [ -f "$folder/librocksdb.a" ] || compile
        exec 9>&-
    fi
    ROCKSDB_LIB_DIR=$folder ROCKSDB_STATIC=1 exec "$@"
}

compile() {
    printf 'rocksdb: compiling version %s once; this takes some minutes\n' "$version" >&2
    local work=$folder/build began=$SECONDS
    rm -rf "$work"
    mkdir -p "$work/src"
    : >"$work/src/lib.rs"
    # A workspace of its own with the same versions, in which the crate lists batches as its sources.
    cp Cargo.lock "$work/"
    {
        printf '[package]\nname = "rocksdb-once"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n[dependencies]\n'
        sed -n '/^rocksdb = /p' Cargo.toml
        printf '[patch.crates-io]\nlibrocksdb-sys = { path = "librocksdb-sys" }\n'
        printf '[profile.release.package.librocksdb-sys]\nopt-level = 2\n'
    } >"$work/Cargo.toml"
    cargo fetch --quiet
    cp -r "$(crate_sources)" "$work/librocksdb-sys"
    write_batches "$work/librocksdb-sys"
    # Without the two variables, or an older library would be linked and there would be nothing to keep.
    env -u ROCKSDB_LIB_DIR -u ROCKSDB_STATIC CARGO_TARGET_DIR="$work/target" \
        cargo build --release --quiet --offline --manifest-path "$work/Cargo.toml" >&2
    # Renamed into place, so that a folder with the library in it has the whole of it.
    cp "$work"/target/release/build/librocksdb-sys-*/out/librocksdb.a "$folder/librocksdb.a.new"
    mv "$folder/librocksdb.a.new" "$folder/librocksdb.a"
    rm -rf "$work"
    printf 'rocksdb: compiled in %s s\n' "$((SECONDS - began))" >&2
}

# Where cargo keeps the sources of the crate.
crate_sources() {
    cargo metadata --format-version=1 --offline --locked \
        | grep -o '"manifest_path":"[^"]*/librocksdb-sys-[^"/]*/Cargo.toml"' | head -n 1 \
        | sed 's/^"manifest_path":"//; s#/Cargo.toml"$##'
}

# Writes units that include the sources of one folder each, and lists them as the sources.
write_batches() {
    local list=$1/rocksdb_lib_sources.txt
    awk -v batch="$BATCH" -v root="$1/rocksdb/" '
        { folder = $0; sub(/\/[^\/]*$/, "", folder) }
        batch == 1 || alone($0) { print; next }
        !(folder in unit) || count[folder] == batch {
            unit[folder] = sprintf("batch_%03d.cc", ++units); count[folder] = 0; print unit[folder]
        }
        { count[folder]++; printf "#include \"%s\"\n", $0 > (root unit[folder]) }
        function alone(file) { return file == "util/build_version.cc" }
    ' "$list" >"$list.new"
    mv "$list.new" "$list"
}

main "$@"
