#!/usr/bin/env bash
# Takes the steps of the Containerfile's second part in a fresh root, with copies of this system's packages in place of an
# image from elsewhere, and runs what it would run: as the same user, with the same words, in a network of its own. The samples
# must be refused there, and a configuration with passwords of its own be served, health and TLS certificates included.
#
# Needs a system with dpkg, and root; elsewhere it says what is missing and passes.
#
# Usage: ops/container/test.sh PROGRAMS
#   PROGRAMS  the folder with tollgate, such as target/release
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
programs=$(cd "${1:?usage: ops/container/test.sh PROGRAMS}" && pwd)
subject=image
. "$repository/ops/package/fresh-root.sh"
file=$repository/ops/container/Containerfile

main() {
    become_root "$programs"
    unshare --net true 2>/dev/null || skip "no network of its own is to be had"
    for package in $(packages_of_image); do
        dpkg-query --status "$package" >/dev/null 2>&1 || skip "this system lacks the package $package"
    done
    if [ -z "${IN_NETWORK:-}" ]; then IN_NETWORK=1 exec unshare --net "$0" "$programs"; fi
    ip link set lo up

    root=$(mktemp -d)
    chmod 0755 "$root"
    trap 'stop_daemon; rm -rf "$root"' EXIT
    build_image
    samples_are_refused
    own_passwords_are_served
    say "the image's steps were taken in a fresh root with ${#packages[@]} packages, and its daemon answered"
}

# --- the image ------------------------------------------------------------------------------------------------------------

# The packages that the second part installs.
packages_of_image() {
    sed -n '/^FROM debian/,$p' "$file" | grep --only-matching 'no-install-recommends [a-z0-9+ -]*' | cut -d ' ' -f 2-
}

# The words of an instruction such as CMD ["run"].
words_of() {
    sed -n "s/^$1 //p" "$file" | tail -n 1 | python3 -c 'import json, sys; print("\n".join(json.load(sys.stdin)))'
}

build_image() {
    make_root "bash, $(packages_of_image | tr -s ' ' ',')"
    mkdir -p "$root/usr/bin" "$root/etc"
    # As installing the package does it.
    mkdir -p "$root/etc/ssl/certs"
    cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
    install -m 0755 "$programs/tollgate" "$root/usr/bin/tollgate"
    cp --recursive --no-preserve=mode,ownership "$repository/config" "$root/etc/tollgate"
    give_to_service 0700 /var/lib/tollgate
    chmod 1777 "$root/tmp"
    grep --quiet -- "--uid $service_user " "$file" || fail "the image's user has another number than $service_user"
    mapfile -t command < <(words_of ENTRYPOINT; words_of CMD)
}

# --- what is tried ----------------------------------------------------------------------------------------------------------

samples_are_refused() {
    launch "${command[@]}"
    [ ! -s "$root/tmp/ready" ] || fail "accounts with published passwords are served to other machines"
    if wait "$daemon"; then fail "a daemon that refuses its configuration ends well"; fi
    daemon=
    grep --quiet 'accounts.toml:[0-9]*: ' "$root/tmp/log" || { cat "$root/tmp/log"; fail "the refusal does not name the account"; }
}

own_passwords_are_served() {
    local hash health
    hash=$(printf 'ours4ever\n' | "${as_service[@]}" /usr/bin/tollgate hash-password | tail -n 1)
    sed --in-place "s|^password_hash = .*|password_hash = \"$hash\"|" "$root/etc/tollgate/accounts.toml"
    launch "${command[@]}"
    [ "$(port_of smpp)" = 2775 ] || fail "the daemon does not answer on 2775"
    send_message --port 2775 --password ours4ever
    for port in 8080/readyz 9464/metrics; do
        health=$(python3 -c 'import sys, urllib.request as r; print(r.urlopen("http://127.0.0.1:" + sys.argv[1]).status)' "$port")
        [ "$health" = 200 ] || fail "$port answers $health"
    done
    end_daemon
}

main
