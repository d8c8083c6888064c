#!/usr/bin/env bash
# An upgrade of the operator under load, and back: installs BASE with Helm, serves an agent, upgrades the chart to this tree, rolls it back, and
# upgrades again. Fails where a pod of the agent is replaced or restarts, a request is lost, spend falls, the window begins anew, one
# version does not go by what the other stored, or the next revision does not get the new guardrail.
# The images of this tree must be loaded (make images). Images and chart of BASE are built once for each commit.
# usage: [UPGRADE_FROM=COMMIT] test-upgrade.sh     the default is the tag v0.1.0
#        UPGRADE_SHOW=SECONDS                       how long each version serves at least (20)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=tests/cluster/lib/common.sh
. "$root/tests/cluster/lib/common.sh"

operator_namespace=agent-readiness-system release=agent-readiness-operator
show=${UPGRADE_SHOW:-20}
from=$(git -C "$root" rev-parse --verify --quiet "${UPGRADE_FROM:-v0.1.0}^{commit}") ||
  die "${UPGRADE_FROM:-v0.1.0} is no commit here: fetch the tags, or name one with UPGRADE_FROM"
base=$root/artifacts/upgrade/$from
work=$(mktemp -d)
followers=()

finish() {
  for follower in "${followers[@]}"; do kill "$follower" 2>/dev/null || true; done
  [ ! -d "$work/tree" ] || git -C "$root" worktree remove --force "$work/tree"
  rm -rf "$work"
}
trap finish EXIT

build_base() {
  local program
  say "building $from"
  git -C "$root" worktree add --quiet --detach "$work/tree" "$from"
  (
    cd "$work/tree"
    for program in operator guardrail eval-runner samples; do make "publish-$program"; done
    tests/cluster/load-images.sh artifacts/publish artifacts/images.env
  ) >&2
  mkdir -p "$base"
  rm -rf "$base/chart"
  # The definitions are a link into the tree.
  cp -rL "$work/tree/charts/agent-readiness-operator" "$base/chart"
  cp -r "$work/tree/docs/samples/support" "$base/samples"
  # Last: it says that all is there.
  cp "$work/tree/artifacts/images.env" "$base/images.env"
}

load_base() {
  local variable reference name archive
  while IFS='=' read -r variable reference; do
    name=${reference##*/}
    archive=$CACHE/images/${name/:/-}.tar
    [ -f "$archive" ] || { say "$variable of $from is not in the cache any more"; return 1; }
    "$root/tests/cluster/cluster.sh" load "$archive" >&2
  done <"$base/images.env"
}

image() { sed -n "s/^$2=//p" "$1"; }

# deploy CHART IMAGES: as a user does. A server before 1.25 needs the two flags (the chart's README).
deploy() {
  local key variable reference images=()
  for key in operator guardrail evalRunner; do
    case $key in operator) variable=OPERATOR_IMAGE ;; guardrail) variable=GUARDRAIL_IMAGE ;; *) variable=EVAL_RUNNER_IMAGE ;; esac
    reference=$(image "$2" "$variable")
    images+=(--set-string "images.$key.repository=${reference%:*}" --set-string "images.$key.tag=${reference##*:}")
  done
  helm upgrade --install "$release" "$1" --namespace "$operator_namespace" --create-namespace --wait --timeout 4m \
    --server-side=false --disable-openapi-validation "${images[@]}" >/dev/null
}

operator_runs() { # IMAGE
  [ "$(kubectl -n "$operator_namespace" get deployment "$release" -o jsonpath='{.spec.template.spec.containers[0].image}')" = "$1" ] ||
    die "the operator does not run as $1"
}

agent() { kubectl -n shop get agd support -o json | jq -r "$1"; }

# await SECONDS WHAT JQ: waits until the agent is as wanted.
await() {
  is_so() { kubectl -n shop get agd support -o json | jq -e "$1" >/dev/null; }
  eventually "$1" is_so "$3" || die "waited $1 s for $2; the agent is: $(agent '.status | {phase, conditions}' | jq -c .)"
  say "$2"
}

# shellcheck disable=SC2016 # a variable of jq
ready='.metadata.generation as $g | .status.candidateRevision == null
  and any(.status.conditions[]?; .type == "Ready" and .status == "True" and .observedGeneration == $g)'

# Name, UID, restarts and image of each serving pod; template of each Deployment. None of it may change by an upgrade.
standing() { # REVISION
  kubectl -n shop get pods -l "agentreadiness.dev/revision=$1,agentreadiness.dev/track=serving" -o json | jq -r '.items | sort_by(.metadata.name)[] |
    [.metadata.name, .metadata.uid, (.metadata.deletionTimestamp // "stays"),
     (.status.containerStatuses | map("\(.name) \(.restartCount) \(.image)") | join(" "))] | join(" ")'
  kubectl -n shop get deployment "support-$1" -o json | jq -cS .spec.template
}

limit='.status.limits[] | select(.last == null and .shared != true)'
# "WINDOW COST-SETTLED COST-UNPROVEN", from the ledger; amounts are "cost" or "cost/tokens".
amounts="$limit"' | [.window, (.settled | split("/")[0]), (.unproven | split("/")[0])] | join(" ")'
ledger() { kubectl -n "$operator_namespace" get bgl shop.support -o json | jq -r "$amounts"; }
spent() { ledger | awk '{ printf "%.12f\n", $2 + $3 }'; }

# goes_on WHAT: under this version calls are paid for, and the ledger goes on from where it stood.
goes_on() {
  local before window
  before=$(spent) window=$(ledger | cut -d' ' -f1)
  sleep "$show" # What may go wrong needs time to go wrong; nothing tells that it did not.
  more() { [ "$(ledger | cut -d' ' -f1)" = "$window" ] && awk -v a="$before" -v b="$(spent)" 'BEGIN { exit !(b > a) }'; }
  eventually 60 more || die "$1: the ledger does not go on: $before was spent in $window, now it says $(ledger)"
  [ "$window" = "$first_window" ] || die "$1: the window $first_window became $window"
  standing "$first" | diff "$work/standing" - >&2 || die "$1: pods or templates of the serving revision are others than before (above)"
  say "$1: the same pods serve, $(spent) is spent of window $window (before $before)"
}

# takes CAP WHAT: what is declared under this version comes into force: it reads what the other stored, and writes.
takes() {
  kubectl -n shop patch agd support --type merge -p "{\"spec\":{\"budget\":{\"windows\":[{\"period\":\"Day\",\"maxCost\":\"$1\",\"onExhausted\":\"ScaleDown\",\"scaleDownTo\":0}]}}}" >/dev/null
  await 60 "$2: a cap of \$$1 is taken" "$ready"
  capped() { [ "$(kubectl -n "$operator_namespace" get bgl shop.support -o json | jq -r "$limit | .maxCost")" = "$1" ]; }
  eventually 60 capped "$1" || die "$2: the ledger has not the cap of $1: $(kubectl -n "$operator_namespace" get bgl shop.support -o json | jq -c "$limit")"
}

install_packages jq
KUBECONFIG=$("$root/tests/cluster/cluster.sh" kubeconfig)
export KUBECONFIG
head_images=$root/artifacts/images.env
[ -f "$head_images" ] || die "the images of this tree are not built: make images"
{ [ -f "$base/images.env" ] && load_base; } || build_base
[ "$(image "$base/images.env" OPERATOR_IMAGE)" != "$(image "$head_images" OPERATOR_IMAGE)" ] || die "$from and this tree have the same operator"
base_guardrail=$(image "$base/images.env" GUARDRAIL_IMAGE) head_guardrail=$(image "$head_images" GUARDRAIL_IMAGE)
samples=$(image "$base/images.env" SAMPLES_IMAGE)

say "== 1. ${from:0:9} is installed and an agent serves under load"
kubectl delete namespace shop agent-evals model-provider --ignore-not-found --wait >/dev/null
kubectl -n "$operator_namespace" delete bgl --ignore-not-found --wait -l agentreadiness.dev/agent-namespace=shop >/dev/null 2>&1 || true
deploy "$base/chart" "$base/images.env"
base_release=$(helm -n "$operator_namespace" history "$release" -o json | jq -r '.[-1].revision')
operator_runs "$(image "$base/images.env" OPERATOR_IMAGE)"
apply() { sed "s#\${SAMPLES_IMAGE}#$samples#g; s#\${CAP}#50#g" "$base/samples/$1" | kubectl apply -f - >/dev/null; }
for file in namespaces provider cases prompt-good; do apply "$file.yaml"; done
kubectl -n model-provider rollout status deployment/model-provider --timeout=180s >/dev/null
apply agent.yaml
await 300 "the first revision serves" "$ready"
first=$(agent .status.servingRevision)
kubectl apply -f - >/dev/null <<MANIFEST
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: shop}
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 90
  automountServiceAccountToken: false
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: client
    image: $samples
    args: [client, --url, "http://support/v1/chat/completions", --rate, "5", --concurrency, "4", --message, "Where is my order #1007?",
      --fresh-connections, --tag, customer=acme]
    env: [{name: DOTNET_EnableDiagnostics, value: "0"}]
    securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
MANIFEST
kubectl -n shop wait --for=condition=Ready --timeout=90s pod/client >/dev/null
kubectl -n shop logs -f client >"$work/client.log" &
client_log=$!
# Every state of the ledger that the API server tells of.
kubectl -n "$operator_namespace" get bgl shop.support -w -o json | jq --unbuffered -r "$amounts" >"$work/ledger.log" 2>/dev/null &
followers+=("$!")
paid() { ledger | awk '{ exit !($2 > 0) }'; }
eventually 90 paid || die "nothing is settled in the ledger: $(ledger)"
first_window=$(ledger | cut -d' ' -f1)
standing "$first" >"$work/standing"
[ "$(grep -c ' stays ' "$work/standing")" = 3 ] || die "three pods should serve: $(cat "$work/standing")"
pinned=$(agent ".status.injections[]? | select(.revision == \"$first\") | .image")
[ "${pinned:-$base_guardrail}" = "$base_guardrail" ] || die "the first revision has the guardrail $pinned"
goes_on "${from:0:9}"

say "== 2. The chart is upgraded to this tree"
deploy "$root/charts/agent-readiness-operator" "$head_images"
operator_runs "$(image "$head_images" OPERATOR_IMAGE)"
goes_on "upgraded"
takes 60 "upgraded"
pinned=$(agent ".status.injections[] | select(.revision == \"$first\") | .image")
[ "$pinned" = "$base_guardrail" ] || die "the serving revision is pinned to $pinned instead of $base_guardrail"

say "== 3. Back to ${from:0:9}"
helm -n "$operator_namespace" rollback "$release" "$base_release" --wait --timeout 4m >/dev/null
operator_runs "$(image "$base/images.env" OPERATOR_IMAGE)"
goes_on "rolled back"
takes 70 "rolled back"

say "== 4. Upgraded again; the next revision takes the new guardrail"
deploy "$root/charts/agent-readiness-operator" "$head_images"
goes_on "upgraded again"
apply prompt-fixed.yaml
changed="$ready and .status.servingRevision != \"$first\" and .status.drainingRevision == null"
await 300 "the next revision serves" "$changed"
second=$(agent .status.servingRevision)
kubectl -n shop wait --for=delete pod -l "agentreadiness.dev/revision=$first" --timeout=180s >/dev/null
used=$(kubectl -n shop get deployment "support-$second" -o json |
  jq -r '.spec.template.spec | (.initContainers // []) + .containers | .[] | select(.name == "agent-readiness-guardrail") | .image')
[ "$used" = "$head_guardrail" ] || die "the next revision has the guardrail $used instead of $head_guardrail"
[ "$(agent ".status.injections[] | select(.revision == \"$second\") | .image")" = "$head_guardrail" ] || die "the status does not say so"
[ "$base_guardrail" != "$head_guardrail" ] || say "note: the guardrail is the same in both, so this shows little"
[ "$(ledger | cut -d' ' -f1)" = "$first_window" ] || die "the window began anew: $(ledger)"

say "== 5. What the client and the ledger saw"
kubectl -n shop delete pod client --wait >/dev/null
wait "$client_log" || true
summary=$(grep '^{' "$work/client.log" | tail -n 1)
jq -e '.failed == 0 and .ok == .sent and .sent > 100' <<<"$summary" >/dev/null || die "requests were lost: $summary"
awk '
  { spent = $2 + $3 }
  NR > 1 && $1 == window && (spent < before - 1e-12 || $2 < settled - 1e-12) { print "it fell from " line " to " $0; bad = 1 }
  { before = spent; settled = $2; window = $1; line = $0 }
  END { if (NR < 5) { print "only " NR " states were seen"; bad = 1 }; exit bad }
' "$work/ledger.log" >&2 || die "the ledger's spend (above)"
say "the client: $summary"
say "the ledger told $(wc -l <"$work/ledger.log") states, and its spend never fell: $(ledger)"
say "passed: ${from:0:9} to this tree and back"
