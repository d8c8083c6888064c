#!/usr/bin/env bash
# Proves what the end-to-end tests rely on: a pod without any privilege runs from an image of ours, finds a Service by
# name, reaches it and the API server; logs, exec and port-forward work; a token of its own audience is accepted.
# usage: selftest.sh      on a cluster that is up; leaves nothing in it.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib/common.sh
. "$HERE/lib/common.sh"
export KUBECONFIG=$KUBECONFIG_FILE
namespace=cluster-selftest-$$
work=$(mktemp -d)
cleanup() {
  kubectl delete namespace "$namespace" --wait=false >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap cleanup EXIT

check() { # TEXT COMMAND...
  local text=$1
  shift
  if "$@" >"$work/out" 2>&1; then say "ok: $text"; else cat "$work/out" >&2; die "not so: $text"; fi
}
inside() { kubectl -n "$namespace" exec client -- "$@"; }
# fetch POD NAME PORT: the wget of busybox crashes here.
fetch() { kubectl -n "$namespace" exec "$1" -- sh -c "printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 5 $2 $3"; }
serves() { fetch "$1" "$2" 80 | grep -qx hello; }
absent() {
  local answer
  if answer=$(inside nslookup "$1" 2>&1); then return 1; fi
  grep -q NXDOMAIN <<<"$answer"
}
forwarded() {
  local pid port status=1
  kubectl -n "$namespace" port-forward pod/server :8080 >"$work/forward" 2>&1 &
  pid=$!
  if eventually 10 grep -q 127.0.0.1 "$work/forward"; then
    port=$(sed -n 's/^Forwarding from 127.0.0.1:\([0-9]*\) .*/\1/p' "$work/forward")
    curl -sf --noproxy '*' --max-time 5 "http://127.0.0.1:$port/" && status=0
  fi
  kill "$pid"
  wait "$pid" 2>/dev/null || true
  return $status
}

say "an image of one program"
mkdir "$work/context"
(cd "$work" && apt -o APT::Sandbox::User=root download busybox 2>/dev/null && dpkg-deb -x ./*.deb unpacked)
cp "$work/unpacked/bin/busybox" "$work/context/"
cat >"$work/Dockerfile" <<'EOT'
ARG BASE=mcr.microsoft.com/dotnet/runtime-deps:10.0-noble-chiseled
FROM ${BASE}
COPY busybox /bin/busybox
USER 65532:65532
ENTRYPOINT ["/bin/busybox"]
EOT
image=$("$HERE/images.sh" build selftest "$work/context" "$work/Dockerfile")
archive=$CACHE/images/selftest-${image##*:}.tar
"$HERE/cluster.sh" load "$archive"

pod() { # NAME COMMAND
  cat <<EOT
---
apiVersion: v1
kind: Pod
metadata: {name: $1, labels: {app: $1}}
spec:
  terminationGracePeriodSeconds: 0
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: main
    image: $image
    args: $2
    env: [{name: PATH, value: /tools}]
    securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
    readinessProbe: {exec: {command: [/bin/busybox, test, -e, /tools/nc]}, periodSeconds: 1}
    volumeMounts: [{name: tools, mountPath: /tools}, {name: token, mountPath: /token}]
  volumes:
  - {name: tools, emptyDir: {}}
  - name: token
    projected: {sources: [{serviceAccountToken: {audience: selftest, expirationSeconds: 600, path: token}}]}
EOT
}
kubectl create namespace "$namespace" >/dev/null
eventually 20 kubectl -n "$namespace" get serviceaccount default
{
  pod server '[sh, -c, "/bin/busybox --install -s /tools; echo hello >/tools/index.html; echo started; exec httpd -f -p 8080 -h /tools"]'
  pod client '[sh, -c, "/bin/busybox --install -s /tools; exec sleep 600"]'
  cat <<'EOT'
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: server}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: headless}
spec: {clusterIP: None, selector: {app: server}, ports: [{port: 80}]}
EOT
} | kubectl -n "$namespace" apply -f - >/dev/null
check "pods without privileges become ready" kubectl -n "$namespace" wait --for condition=Ready pod --all --timeout 60s
check "logs" grep -qx started <(kubectl -n "$namespace" logs server)
check "exec, as user 65532" grep -qx 65532 <(inside id -u)
check "a Service by its short name" eventually 10 serves client web
check "a Service by its full name" serves client "web.$namespace.svc.cluster.local"
check "the server reaches itself through its Service" serves server web
check "a name that does not exist" absent "nothing.$namespace.svc.cluster.local"
check "a headless Service has no address" absent "headless.$namespace.svc.cluster.local"
check "a name of the outside world does not exist" absent example.com
check "the API server from a pod, which wants TLS" grep -q "HTTP request to an HTTPS server" <(fetch client kubernetes.default 443)

address=$(kubectl -n "$namespace" get service web -o jsonpath='{.spec.clusterIP}')
if ip route get "$address" 2>/dev/null | grep -q ar-host; then
  check "a Service from this machine" curl -sf --noproxy '*' --max-time 5 "http://$address/"
fi
check "port-forward" forwarded
token=$(inside cat /token/token)
printf '{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"%s","audiences":["selftest"]}}' "$token" >"$work/review"
check "a token of its own audience" grep -qx true <(kubectl create -f "$work/review" -o jsonpath='{.status.authenticated}{"\n"}')

kubectl -n "$namespace" delete service web >/dev/null
check "a deleted Service loses its name" eventually 10 absent "web.$namespace.svc.cluster.local"
say "all well"
