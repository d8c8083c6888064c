#!/usr/bin/env bash
# Fetches what the guardrail is measured with and beside (wrk, nginx, Portkey's gateway) and prints the folder that names them.
set -euo pipefail
# shellcheck source=../cluster/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../cluster/lib/common.sh"
portkey=@portkey-ai/gateway@1.15.2
tools=$CACHE/bench-guardrail
folder=$tools/portkey-1.15.2

exec 9>"$CACHE/bench-guardrail.lock"
flock 9
mkdir -p "$tools"
have nginx || install_packages nginx-light >&2
have wrk || install_packages wrk >&2
for tool in nginx wrk; do ln -sfn "$(command -v "$tool")" "$tools/$tool"; done

# The run goes on without Portkey and says so.
if [ ! -f "$folder/complete" ]; then
  say "fetching $portkey from npm"
  rm -rf "$folder"
  mkdir -p "$folder"
  if ! have node || ! have npm; then
    say "Portkey is left out: node and npm are needed for it"
  elif npm install --prefix "$folder" --no-audit --no-fund --ignore-scripts --loglevel=error "$portkey" >"$folder/log" 2>&1 </dev/null; then
    touch "$folder/complete"
  else
    tail -n 5 "$folder/log" >&2
    say "Portkey is left out: npm could not install it"
  fi
fi
rm -f "$tools/portkey.js"
[ ! -f "$folder/complete" ] || ln -s "$folder/node_modules/@portkey-ai/gateway/build/start-server.js" "$tools/portkey.js"
echo "$tools"
