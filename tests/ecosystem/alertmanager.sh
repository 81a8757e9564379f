#!/usr/bin/env bash
# Who is told of which alert, and which alert is muted by which: deploy/alertmanager/alertmanager.yml against what stands
# beside it in routes.test and inhibitions.test, by amtool and a real Alertmanager. Exits with 1 where they differ.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly folder=deploy/alertmanager
readonly config=$folder/alertmanager.yml
# How long Alertmanager may take to start, and then to mute, in tenths of a second.
readonly patience=${ALERTMANAGER_PATIENCE:-100}

differences=0
checked=0

main() {
    local tool
    for tool in amtool prometheus-alertmanager; do
        command -v "$tool" >/dev/null || fail "there is no $tool on this machine: apt-get install prometheus-alertmanager"
    done
    amtool check-config "$config" >/dev/null || fail "amtool refuses $config"
    scratch=$(mktemp -d)
    alertmanager=
    trap 'stop; rm -rf "$scratch"' EXIT
    routes
    inhibitions
    printf 'alertmanager: %d of %d as expected\n' "$((checked - differences))" "$checked"
    [ "$differences" -eq 0 ]
}

# A line of routes.test: labels, `->`, the receiver.
routes() {
    local labels expected found
    while IFS='>' read -r labels expected; do
        labels=${labels%-}
        expected=${expected# }
        # shellcheck disable=SC2086 # Each label is an argument.
        found=$(amtool config routes test --config.file="$config" $labels 2>/dev/null) || true
        compare "$found" "$expected" "$labels"
    done < <(lines "$folder/routes.test")
}

# A line of inhibitions.test: labels of the alert that fires, `mutes` or `leaves`, labels of the other. A line `later`
# separates what must not yet be there from what is.
inhibitions() {
    start
    local line together=()
    while read -r line; do
        if [ "$line" = later ]; then
            judge "${together[@]}"
            together=()
        else
            together+=("$line")
        fi
    done < <(lines "$folder/inhibitions.test")
    judge "${together[@]}"
}

judge() {
    local line
    for line in "$@"; do raise "${line%% mutes *}" "${line%% leaves *}"; done
    for line in "$@"; do raise "${line##* mutes }" "${line##* leaves }"; done
    # Alerts are taken in one after the other: when what is to be muted is, it is decided what is not.
    for line in "$@"; do
        [[ $line != *" mutes "* ]] || compare "$(await_muted "${line##* mutes }")" muted "$line"
    done
    for line in "$@"; do
        [[ $line != *" leaves "* ]] || compare "$(state "${line##* leaves }")" heard "$line"
    done
}

# One side of a line: of the two ways to cut it, the one that cut something.
raise() {
    local labels=$1
    [[ $labels != *" mutes "* && $labels != *" leaves "* ]] || labels=$2
    # shellcheck disable=SC2086
    amtool --alertmanager.url="$url" alert add $labels
}

await_muted() {
    local i
    for ((i = 0; i < patience; i++)); do
        [ "$(state "$1")" = heard ] || break
        sleep 0.1
    done
    state "$1"
}

state() {
    # shellcheck disable=SC2086
    if [ -n "$(amtool --alertmanager.url="$url" alert query --inhibited --output=json $1 | tr -d '[]\n ')" ]; then
        echo muted
    elif [ -n "$(amtool --alertmanager.url="$url" alert query --active --output=json $1 | tr -d '[]\n ')" ]; then
        echo heard
    else
        echo missing
    fi
}

start() {
    # It is read before Alertmanager has had the time to open it.
    : >"$scratch/log"
    prometheus-alertmanager --config.file="$config" --storage.path="$scratch" --cluster.listen-address= \
        --web.listen-address=127.0.0.1:0 >"$scratch/log" 2>&1 &
    alertmanager=$!
    local i port=
    for ((i = 0; i < patience; i++)); do
        port=$(sed -n 's/.*msg="\?Listening on"\? address=127\.0\.0\.1:\([0-9]*\).*/\1/p' "$scratch/log")
        [ -z "$port" ] || break
        kill -0 "$alertmanager" 2>/dev/null || break
        sleep 0.1
    done
    [ -n "$port" ] || fail "Alertmanager does not start: $(tail -n 3 "$scratch/log")"
    url=http://127.0.0.1:$port
}

stop() {
    [ -z "$alertmanager" ] || { kill "$alertmanager" && wait "$alertmanager"; } 2>/dev/null || true
}

lines() {
    grep -v -e '^#' -e '^$' "$1"
}

compare() {
    checked=$((checked + 1))
    if [ "$1" != "$2" ]; then
        differences=$((differences + 1))
        printf 'alertmanager: %s instead of %s: %s\n' "${1:-nothing}" "$2" "$3" >&2
    fi
}

fail() {
    printf 'alertmanager: %s\n' "$*" >&2
    exit 1
}

main
