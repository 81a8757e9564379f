#!/usr/bin/env bash
# The unit, as systemd sees it: free of mistakes, and shut in as far as it says. Needs systemd-analyze, not a running systemd.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly unit=deploy/systemd/hss-exporter.service
# In tenths. The unit says 11, which is what systemd 252 counts; others weigh a little differently.
readonly threshold=15

command -v systemd-analyze >/dev/null || {
    printf 'systemd: there is no systemd-analyze on this machine: apt-get install systemd\n' >&2
    exit 1
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# The binary need not be installed here.
sed 's|^ExecStart=[^ ]*|ExecStart=/bin/true|' "$unit" >"$scratch/hss-exporter.service"
complaints=$(systemd-analyze verify --man=no "$scratch/hss-exporter.service" 2>&1) || complaints=${complaints:-refused}
if [ -n "$complaints" ]; then
    printf 'systemd: %s\n' "$complaints" >&2
    exit 1
fi
# Its last line says how far it is exposed; beyond the threshold it fails.
systemd-analyze security --no-pager --offline=true --threshold="$threshold" "$scratch/hss-exporter.service" | tail -n 1
