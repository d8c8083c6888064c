#!/usr/bin/env bash
# Fetches the CEL evaluator for the tests of docs/gitops and prints its folder.
set -euo pipefail
package=@marcbachmann/cel-js@8.0.0
folder=${AGENT_READINESS_CACHE:-$HOME/.cache/agent-readiness}/npm/cel-js-8.0.0
if [ ! -f "$folder/complete" ]; then
  command -v npm >/dev/null || { echo "npm is needed to fetch $package for the tests of docs/gitops" >&2; exit 1; }
  rm -rf "$folder"
  mkdir -p "$folder"
  npm install --prefix "$folder" --no-audit --no-fund --silent "$package" >&2
  touch "$folder/complete"
fi
echo "$folder"
