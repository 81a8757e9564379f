#!/usr/bin/env bash
# What the image holds, without a container engine: the root that rootfs.sh lays out is entered by chroot. Is everything there
# that the program needs, and nothing that it does not? `image.sh [BINARY]`, target/debug/hss-exporter by default.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly binary=${1:-target/debug/hss-exporter}

main() {
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    chmod 0755 "$scratch"
    local root=$scratch/root again=$scratch/again
    deploy/docker/rootfs.sh "$binary" LICENSE "$root"
    deploy/docker/rootfs.sh "$binary" LICENSE "$again"
    [ "$(digest "$root")" = "$(digest "$again")" ] || fail "the same binary gives two different roots"

    local shells
    shells=$(find "$root" -name '*sh' -o -name busybox)
    [ -z "$shells" ] || fail "there is a shell: $shells"
    [ -s "$root/etc/ssl/certs/ca-certificates.crt" ] || fail "there are no certificates"

    enter "$root" --version | grep -q '^hss-exporter ' || fail "it does not start"
    # Nobody may write there; so the configuration of compose.yml is put in from outside, as there.
    install -D -m 0644 deploy/docker/demo.yml "$root/etc/hss-exporter/hss-exporter.yml"
    enter "$root" check --config.file=/etc/hss-exporter/hss-exporter.yml >/dev/null || fail "it does not read the demo's configuration"
    printf 'image: %s of root, and it starts\n' "$(du --summarize --human-readable "$root" | cut -f 1)"
}

# As the image's user, if we are root; else as the only user of a name space of ours.
enter() {
    local root=$1
    shift
    local as=(chroot --userspec=65532:65532)
    [ "$(id -u)" -eq 0 ] || as=(unshare --map-root-user chroot)
    HUAWEICLOUD_SDK_AK=A HUAWEICLOUD_SDK_SK=S "${as[@]}" "$root" /usr/bin/hss-exporter "$@"
}

# Of names, modes, times and contents.
digest() {
    tar --create --sort=name --owner=0 --group=0 --directory="$1" . | sha256sum
}

fail() {
    printf 'image: %s\n' "$*" >&2
    exit 1
}

main
