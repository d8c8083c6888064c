# shellcheck shell=bash
# The components of Kubernetes as programs of this machine.

# The suffix counts changes of the recipe: a machine that built an older one builds again.
BIN=$CACHE/kubernetes-1.20.2-2

# Prints the folder that holds them, after it made sure that it does.
local_binaries() {
  install_tools >&2
  [ -d "$BIN" ] || "$HERE/build-kubernetes.sh" "$BIN" >&2
  printf '%s\n' "$BIN"
}

# The server of custom resources of a current Kubernetes; the same about the suffix.
CRD_SERVER=$CACHE/crd-server-1

# Prints the folder that holds it, after it made sure that it does.
local_crd_server() {
  [ -d "$CRD_SERVER" ] || "$HERE/build-crd-server.sh" "$CRD_SERVER" >&2
  printf '%s\n' "$CRD_SERVER"
}
