#!/usr/bin/env bash
# Installs the .deb into a fresh root and runs it there: the configuration is checked, a gateway sends a message, the books are
# verified, the package is purged. The root holds only the packages that the .deb depends on, and dash for its scripts,
# copied from this system; so a dependency that is not declared is missing. Nothing is downloaded, and nothing outside
# a temporary folder is changed.
#
# Needs a system with dpkg, and root or user namespaces; elsewhere it says what is missing and passes.
#
# Usage: ops/package/test.sh OUTPUT
#   OUTPUT  the folder that ops/package/build.sh wrote into
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
output=$(cd "${1:?usage: ops/package/test.sh OUTPUT}" && pwd)

main() {
    local missing program
    for program in dpkg dpkg-deb dpkg-query chroot python3; do
        command -v "$program" >/dev/null || missing+=" $program"
    done
    [ -z "${missing:-}" ] || skip "this system lacks$missing"
    if [ "$(id -u)" -ne 0 ]; then
        unshare --user --map-root-user true 2>/dev/null || skip "neither root nor user namespaces are to be had"
        exec unshare --user --map-root-user "$0" "$output"
    fi
    (cd "$output" && sha256sum --quiet --check SHA256SUMS)
    package=$(find "$output" -name "tollgate_*_$(dpkg --print-architecture).deb" | sort --version-sort | tail -n 1)
    [ -n "$package" ] || skip "there is no package for this architecture in $output"

    root=$(mktemp -d)
    trap 'stop_daemon; rm -rf "$root"' EXIT
    make_root
    install_package
    look_at_files
    run_daemon
    purge_package
    say "$(basename "$package") was installed, run and purged in a fresh root with ${#packages[@]} packages"
}

# --- the root -------------------------------------------------------------------------------------------------------------

# Fills the root with the files of the packages, and registers them, so that dpkg sees which dependencies are there.
make_root() {
    local name
    mkdir -p "$root"/var/lib/dpkg/{info,updates} "$root"/{dev,tmp,run}
    : >"$root/dev/null"
    mapfile -t packages < <(closure dash "$(dpkg-deb --field "$package" Depends)")
    for name in "${packages[@]}"; do
        copy_files "$name"
        { dpkg-query --status "$name" && echo; } >>"$root/var/lib/dpkg/status"
        dpkg-query --listfiles "$name" | grep '^/' >"$root/var/lib/dpkg/info/${name%%:*}.list"
    done
    chroot "$root" /bin/sh -c 'true' || fail "the fresh root has no working shell"
}

# The packages that the given ones need, and those that these need, as far as they are installed here.
closure() {
    local -A seen=()
    local queue=("$1") name rest
    mapfile -t rest < <(names "$2")
    queue+=("${rest[@]}")
    while [ "${#queue[@]}" -gt 0 ]; do
        name=${queue[0]}
        queue=("${queue[@]:1}")
        if [ -n "${seen[$name]:-}" ] || ! dpkg-query --status "$name" >/dev/null 2>&1; then continue; fi
        seen[$name]=1
        mapfile -t rest < <(names "$(dpkg-query --show --showformat='${Pre-Depends}, ${Depends}' "$name")")
        queue+=("${rest[@]}")
    done
    printf '%s\n' "${!seen[@]}" | sort
}

# The names in a field such as `libc6 (>= 2.36), debconf | cdebconf`, of alternatives the first.
names() {
    tr ',' '\n' <<<"$1" | sed 's/|.*//; s/(.*//; s/ //g; s/:any$//' | grep -v '^$' || true
}

copy_files() {
    local path
    # Other lines than paths tell of diversions.
    dpkg-query --listfiles "$1" | grep '^/' | while IFS= read -r path; do
        # Where /lib is a link to /usr/lib, so it becomes here.
        path=$(realpath --no-symlinks "$(realpath "$(dirname "$path")")/$(basename "$path")")
        if [ -d "$path" ] && [ ! -L "$path" ]; then mkdir -p "$root$path"; continue; fi
        [ -e "$path" ] || [ -L "$path" ] || continue
        mkdir -p "$root$(dirname "$path")"
        cp --no-dereference --preserve=mode,timestamps "$path" "$root$path"
    done
    for path in bin lib lib64 sbin; do
        if [ -L "/$path" ] && [ ! -e "$root/$path" ]; then mkdir -p "$root/usr/$path" && ln -s "usr/$path" "$root/$path"; fi
    done
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

# As the unit does it, on ports that are free; a gateway outside sends a message, and the books must balance after it.
run_daemon() {
    local smpp
    chroot "$root" /usr/bin/tollgate --config /etc/tollgate/tollgate.toml check >/dev/null || fail "the configuration is wrong"
    chroot "$root" /usr/bin/tollgate --config /etc/tollgate/tollgate.toml run --smpp-listen 127.0.0.1:0 \
        --http-listen 127.0.0.1:0 --metrics-listen 127.0.0.1:0 >"$root/tmp/ready" 2>"$root/tmp/log" &
    daemon=$!
    for _ in $(seq 300); do
        if [ -s "$root/tmp/ready" ] || ! kill -0 "$daemon" 2>/dev/null; then break; fi
        sleep 0.1
    done
    smpp=$(python3 -c 'import json, sys; print(json.loads(sys.stdin.readline())["smpp"])' <"$root/tmp/ready") \
        || { cat "$root/tmp/log"; fail "the daemon did not get ready"; }
    python3 "$repository/examples/gateway.py" --port "${smpp##*:}" --to 254722000123 --wait 0 | grep '^charged ' \
        || fail "the gateway's message was not charged"
    kill -TERM "$daemon"
    wait "$daemon" || fail "the daemon ended with exit code $?"
    daemon=
    chroot "$root" /usr/bin/tollgate --config /etc/tollgate/tollgate.toml verify | grep '^books balance: 2 wallets, 1 CDRs' \
        || fail "the books do not balance"
}

purge_package() {
    dpkg --root="$root" --log=/dev/null --force-not-root --purge tollgate >"$root/tmp/dpkg.log" 2>&1 \
        || { cat "$root/tmp/dpkg.log"; fail "dpkg could not purge the package"; }
    if [ -e "$root/usr/bin/tollgate" ] || [ -e "$root/etc/tollgate" ]; then fail "the purge left files behind"; fi
    [ -d "$root/var/lib/tollgate" ] || fail "the purge took the books along"
}

# --- how it ends ------------------------------------------------------------------------------------------------------------

daemon=

stop_daemon() { if [ -n "$daemon" ]; then kill -KILL "$daemon" 2>/dev/null || true; fi; }

say() { printf 'package: %s\n' "$*"; }

skip() {
    say "SKIPPED, the package was not installed: $*"
    exit 0
}

fail() {
    say "$*"
    exit 1
}

main
