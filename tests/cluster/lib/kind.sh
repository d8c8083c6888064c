# shellcheck shell=bash
# The cluster with a Docker engine: kind.

kind_exists() { kind get clusters 2>/dev/null | grep -Fxq "$CLUSTER_NAME"; }

kind_up() {
  install_tools clients-only
  mkdir -p "$STATE"
  if kind_exists; then
    kind export kubeconfig --name "$CLUSTER_NAME" --kubeconfig "$KUBECONFIG_FILE" >&2
  else
    kind create cluster --name "$CLUSTER_NAME" --kubeconfig "$KUBECONFIG_FILE" --wait 120s >&2
  fi
}
kind_down() {
  kind delete cluster --name "$CLUSTER_NAME" >&2
  rm -f "$KUBECONFIG_FILE"
}
kind_status() { kind_exists && kubectl --kubeconfig "$KUBECONFIG_FILE" get nodes && kubectl --kubeconfig "$KUBECONFIG_FILE" get pods --all-namespaces; }
kind_load() {
  local archive
  for archive; do kind load image-archive --name "$CLUSTER_NAME" "$archive" >&2; done
}
