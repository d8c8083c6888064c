#!/usr/bin/env bash
# Builds our images from what `make build` published, loads them into the cluster, and writes their references.
# usage: load-images.sh PUBLISH_DIR ENV_FILE
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
publish=$1 env_file=$2
cache=${AGENT_READINESS_CACHE:-$HOME/.cache/agent-readiness}

declare -A dockerfiles=(
  [operator]=operator/Controller/Dockerfile
  [guardrail]=operator/Guardrail/Dockerfile
  [eval-runner]=operator/EvalRunner/Dockerfile
  [samples]=tests/Samples/Dockerfile
)
: >"$env_file.new"
for name in operator guardrail eval-runner samples; do
  reference=$("$here/images.sh" build "$name" "$publish/$name" "$root/${dockerfiles[$name]}" | tail -n 1)
  "$here/cluster.sh" load "$cache/images/$name-${reference##*:}.tar"
  variable=$(tr 'a-z-' 'A-Z_' <<<"$name")_IMAGE
  echo "$variable=$reference" >>"$env_file.new"
done
mv "$env_file.new" "$env_file"
