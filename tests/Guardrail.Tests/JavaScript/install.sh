#!/usr/bin/env bash
# Fetches the JavaScript clients that the guardrail is tested with, and prints their folder.
set -euo pipefail
packages=(openai@6.49.0 @anthropic-ai/sdk@1.13.0 @google/genai@2.32.0 ai@6.0.326 @ai-sdk/openai@3.0.141 @ai-sdk/anthropic@3.0.140)
folder=${AGENT_READINESS_CACHE:-$HOME/.cache/agent-readiness}/npm/clients-$(printf '%s' "${packages[*]}" | cksum | cut -d' ' -f1)
if [ ! -f "$folder/complete" ]; then
  command -v npm >/dev/null || { echo "npm is needed to fetch ${packages[*]}" >&2; exit 1; }
  rm -rf "$folder"
  mkdir -p "$folder"
  npm install --prefix "$folder" --no-audit --no-fund --silent "${packages[@]}" >&2
  touch "$folder/complete"
fi
echo "$folder"
