#!/usr/bin/env bash
# Makes packages of programs that are compiled already: a .deb, a tarball with the same files, the bill of materials
# (CycloneDX), and checksums of all three. Nothing is downloaded, and the same sources and programs give the same
# packages, octet for octet.
#
# Usage: ops/package/build.sh PROGRAMS OUTPUT
#   PROGRAMS  the folder with tollgate and tollgate-tools, such as target/release
#   OUTPUT    the folder that the packages are written into
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
programs=$(cd "${1:?usage: ops/package/build.sh PROGRAMS OUTPUT}" && pwd)
mkdir -p "${2:?usage: ops/package/build.sh PROGRAMS OUTPUT}"
output=$(cd "$2" && pwd)
cd "$repository"

version=$(sed -n '/^\[workspace.package\]/,/^\[/ s/^version = "\(.*\)"/\1/p' Cargo.toml)
machine=$(uname -m)
target=$(rustc -vV | sed -n 's/^host: //p')
# Every time in the packages is that of the commit.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH
umask 022
work=$(mktemp -d)
# The names of the packages that were written.
made=()

main() {
    trap 'rm -rf "$work"' EXIT
    make_parts "$work/parts"
    make_tarball
    make_bill
    if command -v dpkg-deb >/dev/null; then make_deb; else say "no dpkg-deb here: the .deb is left out"; fi
    (cd "$output" && sha256sum "${made[@]}" >SHA256SUMS)
    say "packages are in $output:"
    (cd "$output" && ls -l --human-readable --no-group "${made[@]}" SHA256SUMS | awk '{print "  " $4 "  " $NF}')
}

# What both packages consist of: programs, manual pages, completions, notices.
make_parts() {
    local parts=$1 program
    install -d "$parts"/{bin,man,bash,zsh,fish}
    for program in tollgate tollgate-tools; do
        install -m 0755 "$programs/$program" "$parts/bin/$program"
        # Names of functions stay, for backtraces.
        strip --strip-debug "$parts/bin/$program"
        "$parts/bin/$program" man "$parts/man"
        "$parts/bin/$program" completions bash >"$parts/bash/$program"
        "$parts/bin/$program" completions zsh >"$parts/zsh/_$program"
        "$parts/bin/$program" completions fish >"$parts/fish/$program.fish"
    done
    python3 ops/dependencies/notices.py --target "$target" >"$parts/third-party-notices.txt"
}

documents() {
    local folder=$1
    install -d "$folder/docs" "$folder/examples" "$folder/ops"
    install -m 0644 README.md CHANGELOG.md LICENSE SECURITY.md "$folder"
    install -m 0644 docs/*.md docs/openapi.json "$folder/docs"
    install -m 0644 examples/*.py examples/*.csv "$folder/examples"
    cp --recursive --no-preserve=mode,ownership ops/prometheus ops/grafana ops/runbooks ops/README.md "$folder/ops"
    install -m 0644 "$work/parts/third-party-notices.txt" "$folder"
}

make_tarball() {
    local name=tollgate-$version-$machine-linux
    local root=$work/$name
    install -d "$root"/{bin,share/man/man1,systemd}
    install -m 0755 "$work"/parts/bin/* "$root/bin"
    install -m 0644 "$work"/parts/man/* "$root/share/man/man1"
    cp --recursive --no-preserve=mode,ownership "$work/parts/bash" "$root/share/completions-bash"
    cp --recursive --no-preserve=mode,ownership "$work/parts/zsh" "$root/share/completions-zsh"
    cp --recursive --no-preserve=mode,ownership "$work/parts/fish" "$root/share/completions-fish"
    cp --recursive --no-preserve=mode,ownership config "$root/config"
    install -m 0644 ops/systemd/tollgate.service "$root/systemd"
    documents "$root"
    tar --create --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
        --directory "$work" "$name" | gzip --no-name -9 >"$output/$name.tar.gz"
    made+=("$name.tar.gz")
}

make_bill() {
    python3 ops/dependencies/sbom.py --target "$target" >"$output/tollgate-$version.cdx.json"
    made+=("tollgate-$version.cdx.json")
}

make_deb() {
    local root=$work/deb share=$work/deb/usr/share architecture name
    architecture=$(dpkg --print-architecture)
    name=tollgate_${version}_$architecture.deb
    install -d "$root/DEBIAN" "$root/usr/bin" "$root/usr/lib/systemd/system" "$share/man/man1" \
        "$share/bash-completion/completions" "$share/zsh/vendor-completions" "$share/fish/vendor_completions.d" \
        "$share/doc/tollgate" "$root/etc"
    install -m 0755 "$work"/parts/bin/* "$root/usr/bin"
    install -m 0644 ops/systemd/tollgate.service "$root/usr/lib/systemd/system"
    install -m 0644 "$work"/parts/man/* "$share/man/man1"
    gzip --no-name -9 "$share"/man/man1/*
    install -m 0644 "$work"/parts/bash/* "$share/bash-completion/completions"
    install -m 0644 "$work"/parts/zsh/* "$share/zsh/vendor-completions"
    install -m 0644 "$work"/parts/fish/* "$share/fish/vendor_completions.d"
    cp --recursive --no-preserve=mode,ownership config "$root/etc/tollgate"
    # What the unit hands over to the daemon, which runs as another user.
    install -d -m 0700 "$root/etc/tollgate/secrets"
    documents "$share/doc/tollgate"
    mv "$share/doc/tollgate/CHANGELOG.md" "$share/doc/tollgate/changelog"
    gzip --no-name -9 "$share/doc/tollgate/changelog" "$share/doc/tollgate/third-party-notices.txt"
    rm "$share/doc/tollgate/LICENSE"
    install -m 0644 ops/package/copyright "$share/doc/tollgate/copyright"

    install -m 0755 ops/package/{postinst,prerm,postrm} "$root/DEBIAN"
    (cd "$root" && find etc -type f -printf '/%p\n' | sort >DEBIAN/conffiles)
    (cd "$root" && find usr -type f -print0 | sort --zero-terminated | xargs -0 md5sum >DEBIAN/md5sums)
    sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" \
        -e "s/@DEPENDS@/$(depends "$root/usr/bin")/" -e "s/@SIZE@/$(du --summarize --block-size=1K "$root" | cut -f 1)/" \
        ops/package/control >"$root/DEBIAN/control"
    find "$root" -newermt "@$SOURCE_DATE_EPOCH" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
    dpkg-deb --root-owner-group -Zxz --build "$root" "$output/$name" >/dev/null
    made+=("$name")
}

# The packages with the shared libraries that the programs need, of the C library the version that they were linked with, and
# the certificates that operators with TLS are checked against.
depends() {
    local folder=$1 library libc
    # Only symbols of versions that exist in the oldest system are used; the highest one decides.
    libc=$(objdump --dynamic-syms "$folder"/* | grep -o 'GLIBC_[0-9.]*' | sort --unique --version-sort | tail -n 1)
    for library in $(ldd "$folder"/tollgate | awk '$2 == "=>" {print $3}' | xargs --max-args=1 realpath | sort --unique); do
        dpkg-query --search "$library" "${library#/usr}" 2>/dev/null | cut -d : -f 1 | head -n 1
    done | cat - <(echo ca-certificates) | sort --unique | sed "s/^libc6$/libc6 (>= ${libc#GLIBC_})/" | paste --serial --delimiters=, | sed 's/,/, /g'
}

say() { printf 'package: %s\n' "$*" >&2; }

main
