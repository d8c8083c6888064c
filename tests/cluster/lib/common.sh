# shellcheck shell=bash disable=SC2034  # sourced; the names are used by the sourcing scripts
# Names and small helpers that all scripts here share.

CLUSTER_NAME=agent-readiness
CACHE=${AGENT_READINESS_CACHE:-$HOME/.cache/agent-readiness}
mkdir -p "$CACHE/bin"
CACHE=$(cd "$CACHE" && pwd -P)
STATE=$CACHE/cluster
KUBECONFIG_FILE=$STATE/kubeconfig
export PATH=$CACHE/bin:$PATH:/usr/sbin:/sbin

say() { printf '%4ds  %s\n' "$SECONDS" "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
apt() { apt-get -qq -o DPkg::Lock::Timeout=600 "$@"; }
have() { command -v "$1" >/dev/null 2>&1; }

# A client without an engine also prints its own part of `docker info`: ask for what only the engine knows.
docker_answers() { have docker && [ -n "$(docker info --format '{{.ServerVersion}}' 2>/dev/null)" ]; }

# eventually SECONDS COMMAND...: repeats a command until it succeeds.
eventually() {
  local until=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS >= until)); then return 1; fi
    sleep 0.1
  done
}

# install_packages PACKAGE...: installs those that are missing.
install_packages() {
  local package missing=() policy=/usr/sbin/policy-rc.d
  for package; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  have apt-get || die "neither a Docker engine with kind nor Debian's apt-get is here"
  [ "$(id -u)" = 0 ] || die "installing ${missing[*]} needs root"
  say "installing ${missing[*]}"
  # Some packages would start a daemon of their own (etcd, containerd): not on this machine's account.
  (
    if [ ! -e $policy ]; then
      trap 'rm -f $policy' EXIT
      printf '#!/bin/sh\nexit 101\n' >$policy
      chmod +x $policy
    fi
    export DEBIAN_FRONTEND=noninteractive
    log=$(mktemp)
    { apt install -y --no-install-recommends "${missing[@]}" || { apt update && apt install -y --no-install-recommends "${missing[@]}"; }; } \
      >"$log" 2>&1 </dev/null || { cat "$log" >&2; exit 1; }
    rm -f "$log"
  ) || die "packages could not be installed: ${missing[*]}"
}
