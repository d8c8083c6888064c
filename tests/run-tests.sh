#!/usr/bin/env bash
# Runs suites of tests and ends with a line "N passed, N failed". A project that does not build or crashes counts as one failure.
# usage: run-tests.sh [unit] [api] [e2e]
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
results=artifacts/test-results
rm -rf "$results"
mkdir -p "$results"
broken=0

declare -A projects=(
  [unit]="Api.Tests Readiness.Tests Pricing.Tests Evals.Tests Cli.Tests Runtime.Tests Controller.Tests Guardrail.Tests"
  [api]="ApiServer.Tests"
  [e2e]="EndToEnd.Tests"
)

run() {
  echo "==> $1"
  dotnet test "tests/$1" --nologo --logger "trx;LogFileName=$1.trx" --results-directory "$results" 2>&1 |
    grep -vE '^\s*$|Determining projects|up-to-date|Restored |^Test run for|^VSTest|A total of| -> '
  local status=${PIPESTATUS[0]}
  # A failed test is in the file; a project without a file did not get that far.
  [ -f "$results/$1.trx" ] || { echo "$1 did not run (exit code $status)"; broken=$((broken + 1)); }
}

for suite in "$@"; do
  case $suite in
  unit) ;;
  api) tests/cluster/cluster.sh binaries || { broken=$((broken + 1)); continue; } ;;
  e2e) make --no-print-directory images || { broken=$((broken + 1)); continue; } ;;
  *) echo "no such suite: $suite" >&2; exit 2 ;;
  esac
  case $suite in api | e2e)
    AGENT_READINESS_KUBERNETES=$(tests/cluster/cluster.sh binaries | tail -n 1)
    KUBECONFIG=$(tests/cluster/cluster.sh kubeconfig)
    PATH=${AGENT_READINESS_CACHE:-$HOME/.cache/agent-readiness}/bin:$PATH
    export AGENT_READINESS_KUBERNETES KUBECONFIG PATH
    ;;
  esac
  if [ "$suite" = e2e ]; then
    set -a
    # shellcheck source=/dev/null
    . artifacts/images.env
    set +a
  fi
  if [ "$suite" = api ]; then
    AGENT_READINESS_CEL=$(tests/npm-install.sh cel-js @marcbachmann/cel-js@8.0.0) || { broken=$((broken + 1)); continue; }
    export AGENT_READINESS_CEL
  fi
  for project in ${projects[$suite]}; do run "$project"; done
done

count() { cat "$results"/*.trx 2>/dev/null | grep -oE "<Counters [^>]*" | grep -oE " $1=\"[0-9]+" | grep -oE '[0-9]+' | awk '{ n += $1 } END { print n + 0 }'; }
# Each failed test with the beginning of what it said. It stands at the end, as a long log is often cut to its end.
failures() {
  cat "$results"/*.trx 2>/dev/null | perl -0777 -ne '
    while (/<UnitTestResult [^>]*?testName="([^"]*)"[^>]*?outcome="(?:Failed|Error|Timeout|Aborted)".*?<Message>(.*?)<\/Message>/sg) {
      my ($name, $said) = ($1, substr($2, 0, 600));
      $said =~ s/\s+/ /g;
      print "failed: $name: $said\n";
    }'
}

failures | tee "$results/failed.txt"
passed=$(count passed)
failed=$(($(count failed) + $(count error) + $(count timeout) + $(count aborted) + broken))
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
