#!/usr/bin/env bash
# Sees to what the build needs from the machine: Rust, and on Debian these packages. Quiet where nothing is missing.
#   gcc, libc6-dev    the linker, and the C and assembler parts of the crate `ring`
#   ca-certificates   the roots by which cargo trusts the crate registry
set -euo pipefail

readonly packages=(gcc libc6-dev ca-certificates)

main() {
    command -v cargo >/dev/null || fail "there is no cargo on this machine: install Rust from https://rustup.rs"
    if command -v dpkg-query >/dev/null; then
        install_missing
    fi
    command -v cc >/dev/null || fail "there is no C compiler (cc) on this machine: install gcc and the C library's headers"
}

install_missing() {
    local missing=() package
    for package in "${packages[@]}"; do
        is_installed "$package" || missing+=("$package")
    done
    if [ "${#missing[@]}" -eq 0 ]; then
        return
    fi

    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        as_root=(sudo)
        if ! sudo -n true 2>/dev/null && ! { [ -t 0 ] && command -v sudo >/dev/null; }; then
            # Not the end: a compiler may have come from elsewhere.
            say "cannot install Debian packages (neither root nor sudo); if the build fails, let someone run:"
            say "    apt-get install ${missing[*]}"
            return
        fi
    fi
    say "installing Debian packages: ${missing[*]}"
    if ! { "${as_root[@]}" apt-get update -qq && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; }; then
        say "that did not work; if the build fails, it is for the want of them"
    fi
}

is_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

say() {
    printf '%s\n' "$*" >&2
}

fail() {
    say "$@"
    exit 1
}

main
