#!/usr/bin/env bash
# Sees to what is needed of the machine: Rust, and on Debian these packages. Quiet where nothing is missing.
# `tests/machine.sh` for the build, `tests/machine.sh tests` for the tests as well, `tests/machine.sh bench` for `make bench`.
#   gcc, libc6-dev           the linker, and the C and assembler parts of the crate `ring`
#   ca-certificates          the roots by which cargo trusts the crate registry
#   prometheus               promtool, and a Prometheus that tests/ecosystem starts by itself
#   prometheus-alertmanager  amtool, and an Alertmanager likewise
#   systemd                  systemd-analyze, which looks at our unit; it need not run
#   curl                     one of those who read our page
#   python3-venv             for what comes from PyPI: the vendor's SDK, which goes into target/sdk, and Prometheus's
#                            client, which goes into target/readers
# and for `make bench`, with python3-venv for Go, which comes from PyPI and goes into target/go:
#   nginx                    the same bytes as a file
#   golang-github-prometheus-client-golang-dev
#                            what promhttp is built from, where no Go module proxy can be reached
#   valgrind                 callgrind, which counts instructions
#   util-linux               taskset, which gives each process its core
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly for_build=(gcc libc6-dev ca-certificates)
readonly servers=(prometheus prometheus-alertmanager nginx)
readonly for_tests=(prometheus prometheus-alertmanager systemd curl python3-venv)
readonly for_bench=(nginx golang-github-prometheus-client-golang-dev valgrind util-linux python3-venv)
readonly sdk=target/sdk
readonly sdk_packages=tests/ecosystem/sdk.txt
readonly readers=target/readers
readonly readers_packages=tests/ecosystem/readers.txt
readonly go=target/go
readonly go_packages=benches/page/promhttp/go.txt

main() {
    command -v cargo >/dev/null || fail "there is no cargo on this machine: install Rust from https://rustup.rs"
    local packages=("${for_build[@]}")
    case "${1-}" in
        '') ;;
        tests) packages+=("${for_tests[@]}") ;;
        bench) packages+=("${for_bench[@]}") ;;
        *) fail "usage: tests/machine.sh [tests | bench]" ;;
    esac
    if command -v dpkg-query >/dev/null; then
        install_missing "${packages[@]}"
    fi
    case "${1-}" in
        tests)
            install_from_pypi "the vendor's SDK" "$sdk_packages" "$sdk"
            install_from_pypi "Prometheus's client" "$readers_packages" "$readers"
            ;;
        bench) install_from_pypi Go "$go_packages" "$go" ;;
    esac
    command -v cc >/dev/null || fail "there is no C compiler (cc) on this machine: install gcc and the C library's headers"
}

install_missing() {
    local missing=() package
    for package in "$@"; do
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
            say "cannot install Debian packages (neither root nor sudo); if something fails for the want of them, let someone run:"
            say "    apt-get install --no-install-recommends ${missing[*]}"
            return
        fi
    fi
    say "installing Debian packages: ${missing[*]}"
    keep_asleep "${missing[@]}"
    if ! { "${as_root[@]}" apt-get update -qq && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; }; then
        say "that did not work; if something fails now, it is for the want of them"
    fi
}

# A list beside the packages says which they are: another list, and they are installed anew.
install_from_pypi() {
    local what=$1 list=$2 into=$3
    if cmp -s "$list" "$into/packages.txt"; then
        return
    fi
    say "installing $what into $into"
    rm -rf "$into"
    if ! { python3 -m venv "$into" && "$into/bin/pip" install --quiet --disable-pip-version-check -r "$list" &&
        cp "$list" "$into/packages.txt"; }; then
        say "that did not work; if something fails now, it is for the want of it"
        rm -rf "$into"
    fi
}

# Debian starts what it installs, now and whenever the machine does. The tests want the programs and not the services.
# Without systemd this is a container, as a rule, and its policy is to start nothing.
keep_asleep() {
    local services=() package
    for package in "$@"; do
        case " ${servers[*]} " in
            *" $package "*) services+=("$package.service") ;;
        esac
    done
    if [ "${#services[@]}" -gt 0 ] && [ -d /run/systemd/system ]; then
        say "masking ${services[*]}, so that installing starts nothing; whoever wants them: systemctl unmask ${services[*]}"
        "${as_root[@]}" systemctl --quiet mask "${services[@]}" || say "that did not work: they will be running"
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

main "$@"
