# shellcheck shell=bash
# An image of one layer, without a build tool: the layer, its description, and the list of both.

# flat_image OUT REFERENCE CONFIG TAR_ARGUMENT...: CONFIG is the JSON object of the image's `config`.
flat_image() {
  local out=$1 reference=$2 config=$3 work
  shift 3
  work=$(mktemp -d "$out.XXXXXX")
  tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf "$work/layer.tar" "$@"
  printf '{"architecture":"%s","os":"linux","config":%s,"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
    "$(dpkg --print-architecture)" "$config" "$(sha256sum <"$work/layer.tar" | cut -d' ' -f1)" >"$work/config.json"
  printf '[{"Config":"config.json","RepoTags":["%s"],"Layers":["layer.tar"]}]' "$reference" >"$work/manifest.json"
  tar -C "$work" -cf "$work/image.tar" manifest.json config.json layer.tar
  mv "$work/image.tar" "$out"
  rm -rf "$work"
}
