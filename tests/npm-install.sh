#!/usr/bin/env bash
# Fetches npm packages for tests, unless they are there, and prints their folder.
# usage: npm-install.sh NAME PACKAGE@VERSION...
set -euo pipefail
[ $# -ge 2 ] || { echo "usage: npm-install.sh NAME PACKAGE@VERSION..." >&2; exit 2; }
name=$1
shift
cache=${AGENT_READINESS_CACHE:-$HOME/.cache/agent-readiness}/npm
folder=$cache/$name-$(printf '%s' "$*" | cksum | cut -d' ' -f1)
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
if [ ! -f "$folder/complete" ]; then
  command -v npm >/dev/null || { echo "npm is needed to fetch $*" >&2; exit 1; }
  rm -rf "$folder"
  mkdir -p "$folder"
  npm install --prefix "$folder" --no-audit --no-fund --silent "$@" >&2 </dev/null
  touch "$folder/complete"
fi
echo "$folder"
