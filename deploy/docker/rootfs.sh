#!/usr/bin/env bash
# Lays out the root of the image: the binary, and the little that it needs of Debian. `rootfs.sh BINARY LICENSE FOLDER`
#
# What comes out depends on what goes in only, down to the times of the files (SOURCE_DATE_EPOCH, else 1970).
set -euo pipefail

readonly binary=$1 license=$2 root=$3
# Whose files these are: for the scanners that look for known weaknesses, and for the licences.
readonly packages=(libc6 libgcc-s1 ca-certificates base-files)

main() {
    umask 022
    mkdir -p "$root/etc" "$root/var/lib/dpkg/status.d" "$root/usr/share/doc/hss-exporter"
    install -D -m 0755 "$binary" "$root/usr/bin/hss-exporter"
    install -m 0644 "$license" "$root/usr/share/doc/hss-exporter/LICENSE"
    libraries
    settings
    local package
    for package in "${packages[@]}"; do
        dpkg-query --status "$package" >"$root/var/lib/dpkg/status.d/$package"
        cp -L --parents "/usr/share/doc/$package/copyright" "$root"
    done
    find "$root" -exec touch --no-dereference --date="@${SOURCE_DATE_EPOCH:-0}" {} +
}

# The loader and the C library, at the paths where the binary and the loader look. Names are resolved by the C library
# itself: since 2.34 files and DNS need no further one.
libraries() {
    local paths path
    paths=$(ldd "$binary" | grep -o '/[^ ]*')
    for path in $paths; do
        cp -L --parents "$path" "$root"
    done
}

settings() {
    cp -L --parents /etc/os-release /etc/ssl/certs/ca-certificates.crt "$root"
    printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
    printf 'hss-exporter:x:65532:65532::/:/nonexistent\n' >"$root/etc/passwd"
    printf 'hss-exporter:x:65532:\n' >"$root/etc/group"
}

main
