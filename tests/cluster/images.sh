#!/usr/bin/env bash
# Builds container images from our Dockerfiles, with or without Docker. Archives are kept in the cache.
# usage: images.sh base OUT_TAR                      the runtime base image, made of Debian's packages
#        images.sh build NAME CONTEXT_DIR DOCKERFILE last line of output: the image's reference
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib/common.sh
. "$HERE/lib/common.sh"
# shellcheck source=lib/archive.sh
. "$HERE/lib/archive.sh"

BASE=localhost/agent-readiness/runtime-deps:bookworm
IMAGES=$CACHE/images
base_packages=(base-files libc6 libgcc-s1 libstdc++6 libssl3 zlib1g ca-certificates)
keep=3 # archives of each image
mkdir -p "$IMAGES"

bud() { buildah --storage-driver vfs --root "$CACHE/buildah/root" --runroot "$CACHE/buildah/run" "$@"; }

# The packages' names, versions and checksums, without the place they come from.
base_versions() { apt --print-uris download "${base_packages[@]}" 2>/dev/null | awk '{ print $2, $4 }' | sort; }

# base_archive: prints the path of the base image's archive, made when a package has a new version.
base_archive() {
  local versions archive root package
  have apt-get || die "the base image is made of Debian's packages: without them, use a Docker engine"
  versions=$(base_versions)
  [ -n "$versions" ] || { apt update >&2 && versions=$(base_versions); }
  [ "$(wc -l <<<"$versions")" = ${#base_packages[@]} ] || die "not every package of the base image is available"
  # The recipe below is part of the key.
  archive=$IMAGES/runtime-deps-$({ echo "$versions"; cat "${BASH_SOURCE[0]}" "$HERE/lib/archive.sh"; } | sha256sum | cut -c1-12).tar
  if [ ! -f "$archive" ]; then
    say "base image: ${base_packages[*]}"
    root=$(mktemp -d "$IMAGES/root.XXXXXX")
    (
      trap 'rm -rf "$root"' EXIT
      mkdir "$root/packages" "$root/root"
      cd "$root/packages"
      apt -o APT::Sandbox::User=root download "${base_packages[@]}" >&2
      for package in ./*.deb; do dpkg-deb -x "$package" "$root/root"; done
      cd "$root/root"
      rm -rf usr/share/{doc,man,lintian,locale} usr/lib/*/gconv
      mkdir -p etc/ssl/certs home/nonroot tmp
      find usr/share/ca-certificates -name '*.crt' | sort | xargs cat >etc/ssl/certs/ca-certificates.crt
      printf '%s\n' root:x:0:0:root:/root:/sbin/nologin nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin >etc/passwd
      printf '%s\n' root:x:0: nonroot:x:65532: >etc/group
      chmod 1777 tmp
      flat_image "$archive" "$BASE" '{"Env":["PATH=/usr/local/bin:/usr/bin:/bin"],"User":"65532:65532"}' -C "$root/root" .
    ) || die "the base image could not be made"
    find "$IMAGES" -name 'runtime-deps-*.tar' ! -path "$archive" -delete
  fi
  printf '%s\n' "$archive"
}

# content_id CONTEXT DOCKERFILE BASE: depends on nothing else (not on times, owners or the place of the files).
content_id() {
  {
    tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=a+rX,go-w -C "$1" -cf - .
    cat "$2"
    echo "$3"
  } | sha256sum | cut -c1-12
}

build_with_docker() { # REFERENCE ARCHIVE CONTEXT DOCKERFILE
  docker build --tag "$1" --file "$4" "$3" >&2
  docker save --output "$2" "$1"
}

build_with_buildah() { # REFERENCE ARCHIVE CONTEXT DOCKERFILE BASE_ARCHIVE
  # buildah reads this where its package's own configuration is absent.
  local policy=$CACHE/buildah/policy.json loaded=$CACHE/buildah/base
  mkdir -p "$CACHE/buildah"
  echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$policy"
  if [ "$(cat "$loaded" 2>/dev/null)" != "$5" ] || ! bud inspect --type image "$BASE" >/dev/null 2>&1; then
    bud rmi "$BASE" >/dev/null 2>&1 || true
    bud pull --quiet --signature-policy "$policy" "docker-archive:$5" >/dev/null
    echo "$5" >"$loaded"
  fi
  bud build --quiet --isolation chroot --pull-never --timestamp 0 --signature-policy "$policy" --build-arg BASE="$BASE" \
    --file "$4" --tag "$1" "$3" >/dev/null
  bud push --quiet --signature-policy "$policy" "$1" "docker-archive:$2:$1"
  # The archive is what stays: the storage driver keeps a full copy of each layer.
  bud rmi "$1" >/dev/null
}

build() {
  local name=$1 context=$2 dockerfile=$3 engine base id reference archive
  [[ $name =~ ^[a-z0-9]+([-.][a-z0-9]+)*$ ]] || die "not a name of an image: $name"
  [ -d "$context" ] || die "no such directory: $context"
  [ -f "$dockerfile" ] || die "no such file: $dockerfile"
  if docker_answers; then
    engine=docker base=docker
  else
    engine=buildah
    install_packages buildah
    base=$(base_archive)
  fi
  id=$(content_id "$context" "$dockerfile" "${base##*/}")
  reference=localhost/agent-readiness/$name:$id archive=$IMAGES/$name-$id.tar
  if [ -f "$archive" ]; then
    touch "$archive"
    say "$name: unchanged"
  else
    say "$name: building with $engine"
    rm -f "$archive.new"
    "build_with_$engine" "$reference" "$archive.new" "$context" "$dockerfile" "$base"
    mv "$archive.new" "$archive"
    say "$name: $(du -h "$archive" | cut -f1) in ${archive##*/}"
  fi
  # shellcheck disable=SC2010,SC2012  # names are ours, and only ls sorts by time
  ls -t "$IMAGES" | grep -Ex "$name-[0-9a-f]{12}\.tar" | tail -n +$((keep + 1)) | sed "s#^#$IMAGES/#" | xargs -r -d '\n' rm -f
  printf '%s\n' "$reference"
}

exec 9>"$CACHE/images.lock"
flock 9
case ${1:-}:$# in
base:2) archive=$(base_archive) && cp --reflink=auto "$archive" "$2" && printf '%s\n' "$BASE" ;;
build:4) build "$2" "$3" "$4" ;;
*) die "usage: ${0##*/} base OUT_TAR | build NAME CONTEXT_DIR DOCKERFILE" ;;
esac
