#!/usr/bin/env bash
# Installs what building or testing Tollgate lacks: on Debian and Ubuntu with apt, as root or through sudo; elsewhere it
# says plainly what is missing. When nothing is missing it is silent and needs no network.
#
# Usage: ops/setup.sh build|test
#   build  a C++ compiler and libclang, for RocksDB and its bindings
#   test   the same, and rustfmt, clippy, promtool and the SMPP clients that tests are driven by (smpplib, node-smpp)
# Clients and promtool land in $TOLLGATE_TOOLS, by default what `ops/cache-dir.sh tools` prints, and touch nothing else.
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=${TOLLGATE_TOOLS:-$("$repository/ops/cache-dir.sh" tools)}
pins=$repository/daemon/tests/interop

main() {
    case ${1:-} in
    build) set_up_build ;;
    test) set_up_build && set_up_test ;;
    *) fail "usage: ops/setup.sh build|test" ;;
    esac
}

set_up_build() {
    local packages=()
    have cargo || fail "missing: cargo. Install Rust $(rust_version) or newer first."
    have c++ || packages+=(g++)
    have_libclang || packages+=(libclang-dev)
    install_packages "${packages[@]}"
}

set_up_test() {
    local packages=() components=()
    have python3 && python3 -c 'import ensurepip, venv' 2>/dev/null || have_smpplib || packages+=(python3-venv)
    have node || packages+=(nodejs)
    have npm || have_node_smpp || packages+=(npm)
    install_packages "${packages[@]}"

    cargo fmt --version >/dev/null 2>&1 || components+=(rustfmt)
    cargo clippy --version >/dev/null 2>&1 || components+=(clippy)
    install_components "${components[@]}"

    if have_smpplib && have_node_smpp && have_promtool; then return; fi
    mkdir -p "$tools"
    exec 9>"$tools/.lock" && flock 9 # two clones may be set up at the same time
    have_smpplib || install_smpplib
    have_node_smpp || install_node_smpp
    have_promtool || install_promtool
}

# --- what is there -----------------------------------------------------------------------------------------------------

have() { command -v "$1" >/dev/null 2>&1; }

# Not libclang-cpp, which many machines have and which bindings cannot be made with.
have_libclang() {
    [ -n "${LIBCLANG_PATH:-}" ] || compgen -G '/usr/lib/llvm-*/lib/libclang.so*' >/dev/null \
        || compgen -G '/usr/lib/llvm-*/lib/libclang-[0-9]*.so*' >/dev/null \
        || compgen -G '/usr/lib*/libclang.so*' >/dev/null
}

# The pins are copied beside what was installed from them, last: a copy that is equal says whole and of these versions.
have_smpplib() {
    cmp -s "$pins/requirements.txt" "$tools/python/requirements.txt" \
        && "$tools/python/bin/python" -c 'import smpplib.client' 2>/dev/null
}

have_node_smpp() { cmp -s "$pins/package-lock.json" "$tools/node/installed.json"; }

have_promtool() { have promtool || [ -x "$tools/promtool" ]; }

rust_version() { sed -n 's/^rust-version = "\(.*\)"/\1/p' "$repository/Cargo.toml"; }

# --- how it gets there -------------------------------------------------------------------------------------------------

install_packages() {
    if [ "$#" -eq 0 ]; then return; fi
    have apt-get || fail "missing (Debian's names): $*. Install them with this system's package manager and try again."
    say "installing $*"
    as_root apt-get update -qq || say "the package lists could not be refreshed; going on with those at hand"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null \
        || fail "apt could not install: $*"
}

install_components() {
    if [ "$#" -eq 0 ]; then return; fi
    have rustup || fail "missing in the Rust toolchain: $*"
    say "adding $* to the Rust toolchain"
    rustup --quiet component add "$@"
}

install_smpplib() {
    say "installing smpplib into $tools/python"
    rm -rf "$tools/python"
    python3 -m venv "$tools/python"
    "$tools/python/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$pins/requirements.txt"
    cp "$pins/requirements.txt" "$tools/python/requirements.txt"
}

install_node_smpp() {
    say "installing node-smpp into $tools/node"
    rm -rf "$tools/node"
    mkdir -p "$tools/node"
    cp "$pins/package.json" "$pins/package-lock.json" "$tools/node/"
    (cd "$tools/node" && npm ci --silent --no-audit --no-fund)
    cp "$pins/package-lock.json" "$tools/node/installed.json"
}

# Only promtool is taken out of Debian's package: installing the package would start a Prometheus server.
install_promtool() {
    have apt-get || fail "missing: promtool. Install Prometheus' promtool somewhere on the PATH and try again."
    say "unpacking promtool into $tools"
    local unpacked
    unpacked=$(mktemp -d)
    (
        cd "$unpacked"
        download_prometheus || { as_root apt-get update -qq && download_prometheus; }
        dpkg -x prometheus_*.deb .
    ) || fail "the package prometheus could not be had from apt"
    mv "$unpacked/usr/bin/promtool" "$tools/promtool"
    rm -rf "$unpacked"
}

# As root, apt would drop to a user who may not write here, and complain.
download_prometheus() { apt-get download -qq -o APT::Sandbox::User="$(id -un)" prometheus >/dev/null 2>&1; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        fail "this needs root, and there is no sudo. Run as root: $*"
    fi
}

say() { printf 'setup: %s\n' "$*" >&2; }

fail() {
    say "$@"
    exit 1
}

main "$@"
