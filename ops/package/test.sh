#!/usr/bin/env bash
# Installs the .deb into a fresh root and runs it there as its unit does: the unit and the configuration are checked, a gateway
# sends a message, root tops an account up, the books are verified, the package is purged. The root holds only the packages
# that the .deb depends on, and dash for its scripts, copied from this system. Nothing is downloaded, and nothing outside a
# temporary folder is changed.
#
# Needs a system with dpkg, and root or user namespaces; elsewhere it says what is missing and passes.
#
# Usage: ops/package/test.sh OUTPUT
#   OUTPUT  the folder that ops/package/build.sh wrote into
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
output=$(cd "${1:?usage: ops/package/test.sh OUTPUT}" && pwd)
subject=package
. "$repository/ops/package/fresh-root.sh"

main() {
    become_root "$output"
    (cd "$output" && sha256sum --quiet --check SHA256SUMS)
    package=$(find "$output" -name "tollgate_*_$(dpkg --print-architecture).deb" | sort --version-sort | tail -n 1)
    [ -n "$package" ] || skip "there is no package for this architecture in $output"

    root=$(mktemp -d)
    chmod 0755 "$root"
    trap 'stop_daemon; rm -rf "$root"' EXIT
    make_root "$(dpkg-deb --field "$package" Depends)"
    install_package
    look_at_files
    look_at_unit
    run_daemon
    purge_package
    say "$(basename "$package") was installed, run and purged in a fresh root with ${#packages[@]} packages"
}

# --- what is tried ----------------------------------------------------------------------------------------------------------

install_package() {
    dpkg --root="$root" --log=/dev/null --force-not-root --install "$package" >"$root/tmp/dpkg.log" 2>&1 \
        || { cat "$root/tmp/dpkg.log"; fail "dpkg could not install $package"; }
    [ "$(dpkg-query --root="$root" --show --showformat='${Status}' tollgate)" = 'install ok installed' ] \
        || fail "the package is not installed"
}

look_at_files() {
    local path
    for path in /usr/bin/tollgate /usr/bin/tollgate-tools /usr/lib/systemd/system/tollgate.service \
        /etc/tollgate/tollgate.toml /usr/share/man/man1/tollgate.1.gz /usr/share/man/man1/tollgate-run.1.gz \
        /usr/share/bash-completion/completions/tollgate /usr/share/zsh/vendor-completions/_tollgate \
        /usr/share/fish/vendor_completions.d/tollgate.fish /usr/share/doc/tollgate/copyright; do
        [ -s "$root$path" ] || fail "$path is missing or empty"
    done
    dpkg --root="$root" --verify tollgate | grep . && fail "installed files differ from those of the package"
    # The unit runs programs and reads files of the package.
    for path in $(grep '^Exec' "$root/usr/lib/systemd/system/tollgate.service" \
        | grep --only-matching --extended-regexp '/(usr/bin|etc)/tollgate[a-z./-]*' | sort --unique); do
        [ -e "$root$path" ] || fail "the unit names $path, which is not there"
    done
    [ "$(chroot "$root" /usr/bin/tollgate --version)" = "tollgate $(dpkg-deb --field "$package" Version)" ] \
        || fail "the program has another version than its package"
}

# A unit of which systemd says nothing, and that it calls safe: at most 2 of 10 points of exposure.
look_at_unit() {
    command -v systemd-analyze >/dev/null || { say "there is no systemd-analyze here: the unit is not looked at"; return; }
    systemd-analyze verify --man=no --root="$root" tollgate.service 2>"$root/tmp/unit" || true
    # The root has neither systemd's own units nor kill.
    if grep tollgate "$root/tmp/unit" | grep --invert-match --extended-regexp 'Unit [a-z]+.target not found|/bin/kill'; then
        fail "the unit has faults"
    fi
    systemd-analyze security --offline=true --root="$root" --threshold=20 --no-pager tollgate.service >"$root/tmp/unit" \
        || { tail -n 1 "$root/tmp/unit"; fail "the unit is exposed more than it is to be"; }
    say "$(grep '^→' "$root/tmp/unit" | sed 's/^→ //')"
}

tollgate() { chroot "$root" /usr/bin/tollgate --config /etc/tollgate/tollgate.toml "$@"; }

# As the unit does it, on ports that are free: as a user who can read neither the secrets nor the books of others. The secrets
# are handed over as LoadCredential= does it.
start_daemon() {
    CREDENTIALS_DIRECTORY=/run/credentials launch /usr/bin/tollgate --config /etc/tollgate/tollgate.toml run \
        --smpp-listen 127.0.0.1:0 --http-listen 127.0.0.1:0 --metrics-listen 127.0.0.1:0
    smpp=$(port_of smpp)
}

hand_over_secrets() {
    # The sample operators, with their password in a file that root alone can read.
    sed --in-place 's/^# \(\[operators\]\|file = "operators.toml"\|exchange_rates = \)/\1/' "$root/etc/tollgate/tollgate.toml"
    sed --in-place 's/^password = .*/password_file = "secrets\/operators"/' "$root/etc/tollgate/operators.toml"
    sed --in-place 's/^# default_delivery = .*/default_delivery = "charge_only"/' "$root/etc/tollgate/tollgate.toml"
    (umask 077 && echo secret >"$root/etc/tollgate/secrets/operators")
    if [ "${#as_service[@]}" -gt 2 ] \
        && "${as_service[@]}" /usr/bin/tollgate --config /etc/tollgate/tollgate.toml check >/dev/null 2>&1; then
        fail "the service's user reads a password that is root's"
    fi
    mkdir -p "$root/run/credentials"
    install -m 0400 "$root/etc/tollgate/secrets/operators" "$root/run/credentials/secrets_operators"
    give_to_service 0500 /run/credentials
}

run_daemon() {
    give_to_service 0700 /var/lib/tollgate
    chmod 1777 "$root/tmp"
    hand_over_secrets
    start_daemon
    send_message --port "$smpp"
    end_daemon
    # Root's files in the service's directory would keep it from starting.
    tollgate topup --account biz_test_001 --amount 1 --reference test || fail "root cannot top an account up"
    start_daemon
    end_daemon
    tollgate verify | grep '^books balance: 2 wallets, 1 CDRs' || fail "the books do not balance"
}

purge_package() {
    dpkg --root="$root" --log=/dev/null --force-not-root --purge tollgate >"$root/tmp/dpkg.log" 2>&1 \
        || { cat "$root/tmp/dpkg.log"; fail "dpkg could not purge the package"; }
    if [ -e "$root/usr/bin/tollgate" ] || [ -e "$root/etc/tollgate" ]; then fail "the purge left files behind"; fi
    [ -d "$root/var/lib/tollgate" ] || fail "the purge took the books along"
}

main
