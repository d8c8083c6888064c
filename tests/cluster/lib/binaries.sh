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
