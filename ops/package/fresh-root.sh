# Fresh roots of copies of this system's packages, for the tests of the Debian package and of the image. Sourced by them.
#
# A root holds the packages that are asked for with all that they depend on, and of the essential ones dash and coreutils, so
# that a dependency which is not declared is missing. Nothing is downloaded, and nothing outside the root is changed.

# The number of the user that a service runs as here.
service_user=2775

# Fills $root with the files of the packages in a field such as `libc6 (>= 2.36), passwd`, and registers them, so that dpkg
# sees which dependencies are there.
make_root() {
    local name
    mkdir -p "$root"/var/lib/dpkg/{info,updates} "$root"/{dev,tmp,run}
    : >"$root/dev/null"
    mapfile -t packages < <(closure dash "coreutils, $1")
    for name in "${packages[@]}"; do
        copy_files "$name"
        { dpkg-query --status "$name" && echo; } >>"$root/var/lib/dpkg/status"
        dpkg-query --listfiles "$name" | grep '^/' >"$root/var/lib/dpkg/info/${name%%:*}.list"
    done
    set_service
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

# Sets as_service, the words in front of a program that runs in $root as the user of the service; in a user namespace there is
# root alone.
set_service() {
    as_service=(chroot "$root")
    if [ "$(awk '{print $3; exit}' /proc/self/uid_map)" -gt "$service_user" ]; then
        as_service=(chroot --userspec="$service_user:$service_user" "$root")
    fi
}

# Gives a folder in the root to the user of the service, with a mode.
give_to_service() {
    mkdir -p "$root$2"
    chmod "$1" "$root$2"
    chown --recursive "$service_user:$service_user" "$root$2" 2>/dev/null || true
}

# --- the daemon in the root -----------------------------------------------------------------------------------------------

daemon=

# Starts a daemon as the user of the service, and waits until it says where it listens, or has ended.
launch() {
    "${as_service[@]}" "$@" >"$root/tmp/ready" 2>"$root/tmp/log" &
    daemon=$!
    for _ in $(seq 300); do
        if [ -s "$root/tmp/ready" ] || ! kill -0 "$daemon" 2>/dev/null; then break; fi
        sleep 0.1
    done
}

# The port of a listener of the daemon.
port_of() {
    python3 -c 'import json, sys; print(json.loads(sys.stdin.readline())[sys.argv[1]].rsplit(":", 1)[1])' "$1" <"$root/tmp/ready" \
        || { cat "$root/tmp/log"; fail "the daemon did not get ready"; }
}

# Has a gateway send a message, with more words for it.
send_message() {
    python3 "$repository/examples/gateway.py" --to 254722000123 --wait 0 "$@" | grep '^charged ' \
        || fail "the gateway's message was not charged"
}

end_daemon() {
    kill -TERM "$daemon"
    wait "$daemon" || fail "the daemon ended with exit code $?: $(tail -n 3 "$root/tmp/log")"
    daemon=
}

# Ends what a test that failed has left.
stop_daemon() { if [ -n "$daemon" ]; then kill -KILL "$daemon" 2>/dev/null || true; fi; }

# --- how a test ends ------------------------------------------------------------------------------------------------------

# What is tried, such as `package`; whoever sources this sets it.
say() { printf '%s: %s\n' "$subject" "$*"; }

skip() {
    say "SKIPPED, nothing was tried: $*"
    exit 0
}

fail() {
    say "$*"
    exit 1
}

# Goes on as root of a user namespace where this is not root already.
become_root() {
    local missing program
    for program in dpkg dpkg-query chroot python3; do
        command -v "$program" >/dev/null || missing+=" $program"
    done
    [ -z "${missing:-}" ] || skip "this system lacks$missing"
    [ "$(id -u)" -ne 0 ] || return 0
    unshare --user --map-root-user true 2>/dev/null || skip "neither root nor user namespaces are to be had"
    exec unshare --user --map-root-user "$0" "$@"
}
