# shellcheck shell=bash
# The cluster without Docker: one node, from Debian's packages and our own build of Kubernetes.

# shellcheck source=binaries.sh
. "$HERE/lib/binaries.sh"
for part in archive processes network cleanup control-plane node dns; do
  # shellcheck disable=SC1090
  . "$HERE/lib/$part.sh"
done
components=(dns-feed dns kube-proxy kubelet kube-scheduler kube-controller-manager kube-apiserver etcd containerd)

all_running() {
  local name
  for name in "${components[@]}"; do running "$name" || return 1; done
}
local_ready() { all_running && api_ready && node_ready && dns_ready; }
default_account() { kubectl_admin get serviceaccount default; }

local_up() {
  [ "$(id -u)" = 0 ] || die "a cluster without Docker needs root"
  if local_ready; then say "the cluster is up"; return 0; fi
  say "tools"
  local_binaries >/dev/null
  # A new cluster begins with empty logs.
  if [ ! -d "$STATE/etcd" ]; then rm -rf "$STATE/log"; fi
  mkdir -p "$STATE/pid" "$STATE/log" "$STATE/volume-plugins"
  # A unix socket's path has at most 107 bytes.
  [ ${#SOCKET} -le 100 ] || die "the path of AGENT_READINESS_CACHE is too long: $CACHE"
  say "network"
  network_up
  say "control plane"
  control_plane
  say "containerd"
  containerd_up
  say "kubelet, kube-proxy, DNS"
  kubelet_up
  dns_up
  say "waiting for the node"
  eventually 60 node_ready || { last_words kubelet; die "the node is not ready"; }
  eventually 30 dns_ready || { last_words dns-feed; die "DNS is not ready"; }
  eventually 30 default_account || die "the default service account does not appear"
  sleep 0.3
  local name
  for name in "${components[@]}"; do running "$name" || { last_words "$name"; die "$name ended"; }; done
  say "the cluster is up"
}

local_down() {
  [ -d "$STATE" ] || { say "no cluster"; return 0; }
  say "ending the components"
  stop dns-feed kube-proxy kubelet kube-scheduler kube-controller-manager dns
  stop kube-apiserver containerd
  stop etcd
  say "ending containers"
  # Shims first: with its shim gone, nothing starts or restarts a process in a container.
  kill_all shim_pids
  kill_all container_pids
  say "removing mounts, network, state"
  unmount_below "$STATE"
  network_down
  remove_traces
  restore_tunables
  [ -z "$(mounts_below "$STATE")" ] || die "still mounted: $(mounts_below "$STATE")"
  # The logs stay until the next cluster, for a look at what went wrong.
  find "$STATE" -mindepth 1 -maxdepth 1 ! -name log -exec rm -rf --one-file-system {} +
  say "the cluster is gone"
}

local_status() {
  local name pid
  for name in "${components[@]}"; do
    if pid=$(pid_of "$name"); then printf '%-26s running (pid %s)\n' "$name" "$pid"; else printf '%-26s stopped\n' "$name"; fi
  done
  if ! running kube-apiserver; then return 1; fi
  kubectl_admin get nodes
  kubectl_admin get pods --all-namespaces
  local_ready
}

# Images are imported once: an archive is known by its content.
local_load() {
  local archive sum ref missing record
  running containerd || die "the cluster is down"
  mkdir -p "$STATE/loaded"
  for archive; do
    [ -f "$archive" ] || die "no such archive: $archive"
    sum=$(sha256sum <"$archive" | cut -d' ' -f1)
    if [ -f "$STATE/loaded/$sum" ]; then
      missing=
      while IFS= read -r ref; do image_present "$ref" || missing=1; done <"$STATE/loaded/$sum"
      if [ -z "$missing" ]; then say "already loaded: ${archive##*/}"; continue; fi
    fi
    say "loading ${archive##*/}"
    containers images import "$archive" | sed -n 's/^unpacking \([^ ]*\) .*/\1/p' >"$STATE/loaded/$sum.new"
    # Another archive of the same name is no longer what is loaded.
    for record in "$STATE"/loaded/*; do
      if [[ $record != *.new ]] && grep -Fxqf "$STATE/loaded/$sum.new" "$record" 2>/dev/null; then rm -f "$record"; fi
    done
    mv "$STATE/loaded/$sum.new" "$STATE/loaded/$sum"
    sed 's/^/      /' "$STATE/loaded/$sum" >&2
  done
}
