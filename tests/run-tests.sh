#!/usr/bin/env bash
# Runs the lint checks and suites of tests. Ends with the ten tests that took longest, each failure, and a line "N passed, N failed".
# What fails before its tests could run (lint, a build, a cluster, a crashed test host) counts as one failure.
# usage: [FILTER=EXPRESSION] run-tests.sh [lint] [unit] [api] [e2e]
# FILTER is an expression of `dotnet test --filter`, such as "FullyQualifiedName~Ledger". A suite without a match is passed over.
#
# The solution is built once. Then the end-to-end tests, which mostly wait for pods, run beside the unit and API server tests, which
# compute. Each line of output begins with the name of what wrote it, so that it can be read where two run side by side.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
results=artifacts/test-results
rm -rf "$results"
mkdir -p "$results"
broken=$results/broken.txt
: >"$broken"
filter=${FILTER:-}

unit="Api.Tests Readiness.Tests Pricing.Tests Evals.Tests Cli.Tests Runtime.Tests Controller.Tests Guardrail.Tests"
api=ApiServer.Tests
e2e=EndToEnd.Tests

wanted() { [[ " $suites " == *" $1 "* ]]; }
# as NAME COMMAND...: runs a command; each line that it prints begins with the name.
as() {
  local name=$1
  shift
  "$@" 2>&1 | sed -u "s/^/[$name] /"
  return "${PIPESTATUS[0]}"
}
# broke NAME WHAT: what failed before there were tests.
broke() { echo "$1: $2" | tee -a "$broken"; }

quiet() { grep --line-buffered -vE '^\s*$|^Test run for|^VSTest|A total of|^No test matches|^Results File|xUnit.net [0-9:.]+\] +(Discover|Start|Finish)|^ *(Standard Output|Test Run Successful)'; }

# run PROJECT LINES: LINES is "each" where every test gets its line, else "sum".
run() {
  local began=$SECONDS loggers=(--logger "trx;LogFileName=$1.trx") status trx=$results/$1.trx
  [ "$2" = sum ] || loggers+=(--logger "console;verbosity=normal")
  echo "==> $1"
  dotnet test "tests/$1" --no-build --nologo "${loggers[@]}" --results-directory "$results" ${filter:+--filter "$filter"} 2>&1 | quiet
  status=${PIPESTATUS[0]}
  echo "$1 took $((SECONDS - began)) s"
  if [ ! -f "$trx" ]; then
    # With a filter that matches nothing here there is no file, and no error either.
    if [ -z "$filter" ] || [ "$status" -ne 0 ]; then broke "$1" "did not run (exit code $status)"; fi
  elif [ "$status" -ne 0 ] && ! grep -qE 'outcome="(Failed|Error|Timeout|Aborted)"' "$trx"; then
    broke "$1" "ended with exit code $status, and no test says why"
  fi
}

# Whether the filter leaves any test of a project: nobody wants to wait for a cluster that no test will use.
matches() {
  [ -z "$filter" ] || dotnet test "tests/$1" --no-build --nologo --list-tests --filter "$filter" 2>/dev/null | grep -qE '^    \S'
}

use_kubernetes() {
  AGENT_READINESS_KUBERNETES=$(tests/cluster/cluster.sh binaries | tail -n 1)
  KUBECONFIG=$(tests/cluster/cluster.sh kubeconfig)
  PATH=${AGENT_READINESS_CACHE:-$HOME/.cache/agent-readiness}/bin:$PATH
  export AGENT_READINESS_KUBERNETES KUBECONFIG PATH
}

build() { dotnet build Operator.sln --nologo -v quiet -clp:NoSummary; }

unit_tests() { for project in $unit; do run "$project" sum; done; }

api_tests() {
  matches $api || return 0
  tests/cluster/cluster.sh binaries || { broke $api "Kubernetes could not be built"; return; }
  use_kubernetes
  AGENT_READINESS_CEL=$(tests/npm-install.sh cel-js @marcbachmann/cel-js@8.0.0) || { broke $api "cel-js could not be fetched"; return; }
  AGENT_READINESS_CRD_SERVER=$(tests/cluster/cluster.sh crd-server) || { broke $api "the server of custom resources could not be built"; return; }
  export AGENT_READINESS_CEL AGENT_READINESS_CRD_SERVER
  run $api each
}

e2e_tests() {
  matches $e2e || return 0
  make --no-print-directory images || { broke $e2e "the images could not be made"; return; }
  use_kubernetes
  set -a
  # shellcheck source=/dev/null
  . artifacts/images.env
  set +a
  run $e2e each
}

# What computes: one suite after the other, as each uses both cores by itself.
local_lane() {
  if wanted unit; then as unit unit_tests; fi
  if wanted api; then as api api_tests; fi
}

for suite in "$@"; do
  case $suite in lint | unit | api | e2e) ;; *) echo "no such suite: $suite" >&2; exit 2 ;; esac
done
suites="$*"

# The lanes are processes of their own: what they found is in files.
if wanted lint && [ -z "$filter" ]; then as lint tests/lint.sh || broke lint "failed: see the lines that begin with [lint]"; fi &
if wanted unit || wanted api || wanted e2e; then
  if as build build; then
    if wanted e2e; then as e2e e2e_tests; fi &
    local_lane
  else
    broke build "the solution does not build"
  fi
fi
wait

count() { cat "$results"/*.trx 2>/dev/null | grep -oE "<Counters [^>]*" | grep -oE " $1=\"[0-9]+" | grep -oE '[0-9]+' | awk '{ n += $1 } END { print n + 0 }'; }
# The ten tests that took longest.
slowest() {
  cat "$results"/*.trx 2>/dev/null | perl -ne '
    while (/<UnitTestResult ([^>]*)>/g) {
      my $line = $1;
      next unless $line =~ /testName="([^"]*)"/;
      my $name = substr($1, 0, 160);
      $name =~ s/&quot;/"/g;
      next unless $line =~ /duration="(\d+):(\d+):([\d.]+)"/;
      printf "%7.1f s  %s\n", $1 * 3600 + $2 * 60 + $3, $name;
    }' | sort -rn | head -n 10
}
# Each failed test with the beginning of what it said. It stands at the end, as a long log is often cut to its end.
failures() {
  sed 's/^/failed: /' "$broken"
  cat "$results"/*.trx 2>/dev/null | perl -0777 -ne '
    while (/<UnitTestResult [^>]*?testName="([^"]*)"[^>]*?outcome="(?:Failed|Error|Timeout|Aborted)".*?<Message>(.*?)<\/Message>/sg) {
      my ($name, $said) = ($1, substr($2, 0, 600));
      $said =~ s/\s+/ /g;
      print "failed: $name: $said\n";
    }'
}

echo "The ten tests that took longest, of $((SECONDS / 60)) min $((SECONDS % 60)) s in all:"
slowest
failures | tee "$results/failed.txt"
passed=$(count passed)
failed=$(($(count failed) + $(count error) + $(count timeout) + $(count aborted) + $(wc -l <"$broken")))
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && { [ "$passed" -gt 0 ] || [ "$suites" = lint ]; }
