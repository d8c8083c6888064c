#!/usr/bin/env bash
# Builds apiextensions-apiserver, the server of custom resources, of the newest Kubernetes that Debian packages as Go sources (1.36.4 in sid
# when this was written). The cluster of these tests is 1.20, which ignores CEL rules; this server compiles them, estimates their cost, and
# obeys them. Nothing is installed: the packages are unpacked into a folder that is removed afterwards.
# usage: build-crd-server.sh OUT      about 5 minutes on 2 cores; does nothing when OUT is complete.
#                                     OUT/apiextensions-apiserver is the program, OUT/version its version.
set -euo pipefail
[ $# = 1 ] || { echo "usage: ${0##*/} OUT" >&2; exit 2; }
out=$(mkdir -p "$(dirname "$1")" && cd "$(dirname "$1")" && pwd)/$(basename "$1")
# An older package would not have what the tests are about.
least=1.36

# OUT is moved into place as the last act, so its existence means that it is complete.
done_already() { [ -d "$out" ] && echo "CRD server $(cat "$out/version"): already built"; }
done_already && exit 0

say() { printf '%4ds  CRD server: %s\n' "$SECONDS" "$*"; }
command -v apt-get >/dev/null || { echo "apt-get is needed: the CRD server is built from Debian's packages" >&2; exit 1; }

find_mirror() {
  # shellcheck disable=SC2016  # the variables are apt's
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
    awk '$2 !~ /-(security|updates|backports)/ && $3 == "main" && !m { m = $1 } END { print m }'
}
mirror=$(find_mirror)
# A machine whose package lists were never fetched names no mirror.
[ -n "$mirror" ] || { say "fetching the package lists"; apt-get -qq -o DPkg::Lock::Timeout=600 update; mirror=$(find_mirror); }
[ -n "$mirror" ] || { echo "no Debian mirror in this machine's package sources" >&2; exit 1; }

exec 8>"$out.lock"
flock --nonblock 8 || { say "waiting for another build of it" && flock 8; }
# The one that was waited for has made it.
done_already && exit 0
# An interrupted build leaves its compiler cache, from which the next one goes on.
rm -rf "$out".build.*
work=$(mktemp -d "$out.build.XXXXXX") gocache=$out.gocache
trap 'rm -rf "$work"' EXIT

say "fetching Debian's packages"
# Lists, packages and the state of a machine without any package: apt then fetches all that is needed, and touches nothing of this machine.
mkdir -p "$work"/{lists/partial,cache/archives/partial,root,bin}
: >"$work/status"
printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s sid main\n' "$mirror" >"$work/sources.list"
private=(-qq -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferencesparts=/dev/null
  -o Dir::State::Lists="$work/lists" -o Dir::State::status="$work/status" -o Dir::Cache="$work/cache"
  -o APT::Install-Recommends=false -o APT::Sandbox::User=root)
{
  apt-get "${private[@]}" update
  apt-get "${private[@]}" install --download-only --yes golang-k8s-apiextensions-apiserver-dev golang-go
} >"$work/apt.log" 2>&1 </dev/null || { cat "$work/apt.log" >&2; exit 1; }

version=
for package in "$work"/cache/archives/*.deb; do
  name=$(dpkg-deb -f "$package" Package)
  # The Go compiler, and every library of Go sources; the rest is what a machine would need to run them.
  case $name in
  golang-*) dpkg-deb -x "$package" "$work/root" ;;
  *) if dpkg-deb -c "$package" | grep -q ' \./usr/share/gocode/'; then dpkg-deb -x "$package" "$work/root"; fi ;;
  esac
  if [ "$name" = golang-k8s-apiextensions-apiserver-dev ]; then version=$(dpkg-deb -f "$package" Version); fi
done
# Debian calls 1.36.4 either so or 0.36.4, as the Go module does.
version=${version#*:} version=1.$(cut -d. -f2- <<<"${version%%[-+~]*}")
dpkg --compare-versions "$version" ge "$least" || { echo "Debian's apiextensions-apiserver is $version, and $least or later is needed" >&2; exit 1; }
goroot=$(find "$work/root/usr/lib" -maxdepth 1 -name 'go-*' | sort -V | tail -n 1)
[ -x "$goroot/bin/go" ] || { echo "Debian's package of Go has no compiler where it is expected" >&2; exit 1; }

# `go build -v` names each package it compiles: a count of them is a sign of life, anything else is an error.
progress() {
  local line n=0
  while IFS= read -r line; do
    if [[ $line =~ ^[A-Za-z0-9._/-]+$ ]]; then
      n=$((n + 1))
      if ((n % 100 == 0)); then say "$n packages compiled"; fi
    else
      printf '%s\n' "$line"
    fi
  done
}
say "compiling $version with Go $("$goroot/bin/go" env GOVERSION)"
export GOROOT=$goroot GOPATH=$work/root/usr/share/gocode GO111MODULE=off GOFLAGS='' GOTOOLCHAIN=local CGO_ENABLED=0 GOCACHE=$gocache GOTMPDIR=$work
nice "$goroot/bin/go" build -v -trimpath -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=v$version" \
  -o "$work/bin/apiextensions-apiserver" k8s.io/apiextensions-apiserver 2>&1 | progress
printf '%s\n' "$version" >"$work/bin/version"

mv -T "$work/bin" "$out"
rm -rf "$gocache"
say "done"
