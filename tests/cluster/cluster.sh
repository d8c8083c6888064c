#!/usr/bin/env bash
# A Kubernetes cluster for the tests: kind where a Docker engine answers, else one made of Debian's packages.
# usage: cluster.sh up|down|status|load TAR...|kubeconfig|tools|binaries|crd-server      see README.md
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for part in common tools; do
  # shellcheck disable=SC1090
  . "$HERE/lib/$part.sh"
done

usage() { die "usage: ${0##*/} up|down|status|load TAR...|kubeconfig|tools|binaries|crd-server"; }
command=${1:-}
[ -n "$command" ] || usage
shift

# A local cluster that was made stays the one in use, whatever starts beside it.
if [ ! -d "$STATE/pid" ] && docker_answers && have kind; then kind=kind; else kind=local; fi
# shellcheck disable=SC1090
. "$HERE/lib/$kind.sh"

# The API server tests start a control plane of their own, also where the cluster is kind's.
# shellcheck source=lib/binaries.sh
. "$HERE/lib/binaries.sh"

# Two commands at once would start everything twice.
lock() {
  exec 9>"$CACHE/cluster.lock"
  flock --nonblock 9 || { say "waiting for another cluster.sh" && flock 9; }
}

case $command in
up | down) lock && "${kind}_$command" ;;
load) [ $# -gt 0 ] || usage; lock && "${kind}_load" "$@" ;;
status) "${kind}_status" ;;
tools) lock && if [ $kind = kind ]; then install_tools clients-only; else install_tools; fi ;;
binaries) lock && local_binaries ;;
# It has a lock of its own, so that a cluster need not wait for minutes of compiling.
crd-server) local_crd_server ;;
kubeconfig) printf '%s\n' "$KUBECONFIG_FILE" ;;
*) usage ;;
esac
