#!/usr/bin/env bash
# Keeps the names that the cluster's DNS server answers equal to the Services of the cluster. A line of the watch is only
# a sign that something changed: the list is then read anew, so a lost or doubled line does no harm.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=lib/common.sh
. "$HERE/lib/common.sh"
# shellcheck source=lib/processes.sh
. "$HERE/lib/processes.sh"

services() { kubectl --kubeconfig "$KUBECONFIG_FILE" get services --all-namespaces "$@"; }

refresh() {
  local list
  list=$(services --request-timeout 10s -o jsonpath='{range .items[*]}{.spec.clusterIP} {.metadata.name} {.metadata.namespace}{"\n"}{end}') || return 0
  # Headless Services have no address of their own, and are not answered.
  awk '$1 ~ /^[0-9]+(\.[0-9]+)+$/ && NF == 3 { print $1 "\t" $2 "." $3 ".svc.cluster.local" }' <<<"$list" | sort >"$STATE/dns-hosts.new"
  if cmp -s "$STATE/dns-hosts.new" "$STATE/dns-hosts"; then return 0; fi
  mv "$STATE/dns-hosts.new" "$STATE/dns-hosts"
  local pid
  if pid=$(pid_of dns); then kill -HUP "$pid"; fi
  echo "$(wc -l <"$STATE/dns-hosts") services"
}

# The watch ends with the API server, or after its own time: then begin again. The timeout also bounds how long a missed
# change can stay unnoticed.
while true; do
  exec 3< <(exec timeout 300 kubectl --kubeconfig "$KUBECONFIG_FILE" get services --all-namespaces --watch --no-headers 2>&1)
  watcher=$!
  trap 'kill $watcher 2>/dev/null; exit 0' TERM INT
  while IFS= read -r _ <&3; do
    # Changes come in bursts: one reading for each burst.
    while IFS= read -r -t 0.05 _ <&3; do :; done
    refresh
  done
  exec 3<&-
  wait "$watcher" || true
  sleep 0.5
done
