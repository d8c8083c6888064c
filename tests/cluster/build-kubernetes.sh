#!/usr/bin/env bash
# Builds Kubernetes 1.20.2 (the components of a single node and the pause binary) from the source package of
# Debian bookworm: the one source of Kubernetes that a machine without a container registry can reach.
# usage: build-kubernetes.sh OUT      about 5 minutes on 2 cores; does nothing when OUT is complete.
set -euo pipefail
[ $# = 1 ] || { echo "usage: ${0##*/} OUT" >&2; exit 2; }
out=$(mkdir -p "$(dirname "$1")" && cd "$(dirname "$1")" && pwd)/$(basename "$1")
version=1.20.2 components='kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy'

# OUT is moved into place as the last act, so its existence means that it is complete.
[ ! -d "$out" ] || { echo "kubernetes $version: already built"; exit 0; }

say() { printf '%4ds  kubernetes: %s\n' "$SECONDS" "$*"; }
apt() { apt-get -qq -o DPkg::Lock::Timeout=600 "$@"; }

find_mirror() {
  # shellcheck disable=SC2016  # the variables are apt's
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
    awk '$2 ~ /^(bookworm|oldstable)$/ && $3 == "main" && !m { m = $1 } END { print m }'
}
mirror=$(find_mirror)
# A machine whose package lists were never fetched names no mirror.
[ -n "$mirror" ] || { say "fetching the package lists"; apt update; mirror=$(find_mirror); }
[ -n "$mirror" ] || { echo "no Debian bookworm in this machine's package sources: use Docker and kind instead" >&2; exit 1; }

missing=()
for package in golang-1.19-go gcc libc6-dev; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  say "installing ${missing[*]}"
  apt update && DEBIAN_FRONTEND=noninteractive apt install -y --no-install-recommends "${missing[@]}" >/dev/null
fi

# An interrupted build leaves its compiler cache, from which the next one goes on.
exec 8>"$out.lock"
flock 8
rm -rf "$out".build.*
work=$(mktemp -d "$out.build.XXXXXX") gocache=$out.gocache
trap 'rm -rf "$work"' EXIT
cd "$work"

say "fetching the source package"
# Lists and sources of our own: the machine's package configuration stays as it is.
mkdir -p apt/lists/partial apt/cache/archives/partial source bin
printf 'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s bookworm main\n' "$mirror" >apt/sources.list
private=(-o Dir::Etc::sourcelist="$work/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
  -o Dir::State::Lists="$work/apt/lists" -o Dir::Cache="$work/apt/cache" -o APT::Sandbox::User=root)
apt "${private[@]}" update
(cd source && apt "${private[@]}" source --download-only kubernetes) >source.log 2>&1 || { cat source.log >&2; exit 1; }
tar xf source/kubernetes_*.orig.tar.*
mkdir -p gopath/src/k8s.io
mv kubernetes-1.* gopath/src/k8s.io/kubernetes
cd gopath/src/k8s.io/kubernetes

# The vendored reflect2 1.0.1 walks maps by a layout that Go changed in 1.18: the API server would die at random while it
# writes a custom resource. 1.0.2 is the same with that mended.
(cd "$work/source" && apt-get -qq -o APT::Sandbox::User=root download golang-github-modern-go-reflect2-dev && dpkg-deb -x golang-github-modern-go-reflect2-dev_*.deb reflect2)
rm -rf vendor/github.com/modern-go/reflect2
cp -r "$work/source/reflect2/usr/share/gocode/src/github.com/modern-go/reflect2" vendor/github.com/modern-go/
rm -f vendor/github.com/modern-go/reflect2/*_test.go

# GOPATH mode with the vendored tree: with Go 1.19, -mod=vendor refuses this tree's go.mod.
export GOPATH=$work/gopath GO111MODULE=off GOFLAGS='' CGO_ENABLED=0 GOCACHE=$gocache GOTMPDIR=$work
go() { /usr/lib/go-1.19/bin/go "$@"; }

say "generating the OpenAPI definitions, which the package lacks"
go build -o "$work/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
inputs=$(grep -rl --include='*.go' '+k8s:openapi-gen=' pkg cmd staging/src/k8s.io |
  grep -vE '_test.go|/testdata/|code-generator|sample-|/generated/|kube-openapi|apis/example' |
  xargs -n1 dirname |
  sed 's#^staging/src/#k8s.io/kubernetes/vendor/#; /^pkg\|^cmd/s#^#k8s.io/kubernetes/#' | sort -u | paste -sd,)
nice "$work/openapi-gen" -i "$inputs" -p k8s.io/kubernetes/pkg/generated/openapi -O zz_generated.openapi \
  -h hack/boilerplate/boilerplate.generatego.txt -r "$work/violations" >"$work/openapi.log" 2>&1 ||
  { cat "$work/openapi.log" >&2; exit 1; }

# `go build -v` names each package it compiles: a count of them is a sign of life, anything else is an error.
progress() {
  local component=$1 line n=0
  while IFS= read -r line; do
    if [[ $line =~ ^[A-Za-z0-9._/-]+$ ]]; then
      n=$((n + 1))
      if ((n % 250 == 0)); then say "$component: $n packages compiled"; fi
    else
      printf '%s\n' "$line"
    fi
  done
}
flags='-s -w'
# component-base is what --version prints, client-go what the API server answers under /version.
for v in component-base/version client-go/pkg/version; do
  v=k8s.io/kubernetes/vendor/k8s.io/$v
  flags+=" -X $v.gitVersion=v$version -X $v.gitMajor=1 -X $v.gitMinor=20 -X $v.gitTreeState=clean"
done
for component in $components; do
  say "compiling $component"
  go build -v -trimpath -ldflags "$flags" -o "$work/bin/$component" "./cmd/$component" 2>&1 | progress "$component"
done
gcc -Os -static -o "$work/bin/pause" build/pause/linux/pause.c

mv -T "$work/bin" "$out"
rm -rf "$gocache"
say "done"
