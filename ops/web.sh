#!/usr/bin/env bash
# Builds and checks the screens in web/. The built files in web/dist are committed, so that the daemon compiles without Node; this
# builds them again and compares octet by octet.
#
# What npm installs lies in $TOLLGATE_TOOLS, one folder for each lock file, and web/node_modules leads there. A web/node_modules
# that is a folder of its own is used as it is.
#
# Usage: ops/web.sh install|client|build|check
#   install  what the lock file names, and a newer Node where this system's is too old for the build
#   client   the types of the API's client, from docs/openapi.json
#   build    web/dist, after a change of web/src
#   check    types, lints and unit tests; and that web/dist is what the sources give
#   run ...  a command of the installed packages in web/, such as: ops/web.sh run vite
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=${TOLLGATE_TOOLS:-$("$repository/ops/cache-dir.sh" tools)}
web=$repository/web
node_version=22.23.3 # where the system's is older than 20.19

main() {
    use_node
    case ${1:-} in
    install) install ;;
    client) install && client ;;
    build) install && client && run vite build --logLevel error ;;
    check) install && client && check ;;
    run) shift && install && run "$@" ;;
    *) fail "usage: ops/web.sh install|client|build|check|run" ;;
    esac
}

# A Node that the build takes goes first on the path.
use_node() {
    is_new_enough node && return
    local folder=$tools/node-$node_version
    if ! is_new_enough "$folder/node_modules/.bin/node"; then
        command -v npm >/dev/null || fail "missing: npm. Install Node.js 20.19 or newer with npm."
        say "installing Node $node_version into $folder"
        mkdir -p "$folder"
        (cd "$folder" && npm install --silent --no-audit --no-fund --no-save "node@$node_version") || fail "Node could not be installed"
    fi
    export PATH=$folder/node_modules/.bin:$PATH
}

is_new_enough() {
    "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null
}

install() {
    [ -d "$web/node_modules" ] && [ ! -L "$web/node_modules" ] && return
    local lock folder
    lock=$(sha256sum "$web/package-lock.json" | cut -c 1-16)
    folder=$tools/web-$lock
    if ! cmp -s "$web/package-lock.json" "$folder/installed.json"; then
        mkdir -p "$tools"
        exec 8>"$tools/.web-lock" && flock 8 # two clones may be set up at the same time
        cmp -s "$web/package-lock.json" "$folder/installed.json" || install_into "$folder"
        exec 8>&-
    fi
    ln -sfn "$folder/node_modules" "$web/node_modules"
}

install_into() {
    say "installing the packages of web/ into $1"
    rm -rf "$1" && mkdir -p "$1"
    cp "$web/package.json" "$web/package-lock.json" "$web/.npmrc" "$1/"
    (cd "$1" && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --silent --no-audit --no-fund) || fail "npm could not install what web/package-lock.json names"
    cp "$web/package-lock.json" "$1/installed.json"
}

client() { run openapi-typescript "$repository/docs/openapi.json" --output src/api/schema.d.ts >/dev/null; }

check() {
    run svelte-check --fail-on-warnings --tsconfig ./tsconfig.json --output human
    run eslint .
    run vitest run --reporter=dot
    local built
    built=$(mktemp -d)
    run vite build --logLevel error --outDir "$built"
    if ! diff -r "$built" "$web/dist"; then
        rm -rf "$built"
        fail "web/dist is not what web/src gives: run ops/web.sh build, and commit the result"
    fi
    rm -rf "$built"
}

run() {
    local program=$1
    shift
    (cd "$web" && "$web/node_modules/.bin/$program" "$@")
}

say() { printf 'web: %s\n' "$*" >&2; }

fail() {
    say "$@"
    exit 1
}

main "$@"
