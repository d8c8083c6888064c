# shellcheck shell=bash
# containerd, kubelet and kube-proxy of the one node.

SOCKET=$STATE/containerd.sock
PAUSE_IMAGE=localhost/agent-readiness/pause:1
tunables=(vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes)

containers() { ctr --address "$SOCKET" --namespace k8s.io "$@"; }
cri_ready() { ctr --address "$SOCKET" plugins ls 2>/dev/null | grep -q '^io.containerd.grpc.v1 *cri .* ok'; }
image_present() { containers images ls -q | grep -Fxq "$1"; }
node_ready() { kubectl_admin get node node1 --no-headers 2>/dev/null | grep -q '^node1 *Ready '; }

containerd_up() {
  mkdir -p "$STATE/cni" "$STATE/containerd"
  cat >"$STATE/cni/10-pods.conflist" <<EOT
{"cniVersion": "0.4.0", "name": "$CLUSTER_NAME", "plugins": [
  {"type": "bridge", "bridge": "ar-pods", "isGateway": true, "ipMasq": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "$STATE/ipam", "ranges": [[{"subnet": "$NODE_POD_RANGE"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
EOT
  # restrict_oom_score_adj: where CAP_SYS_RESOURCE is missing, runc cannot lower oom_score_adj and every sandbox fails.
  # All state is ours (also runc's and the pods' network namespaces), so that `down` knows what to remove.
  cat >"$STATE/containerd.toml" <<EOT
version = 2
root = "$STATE/containerd/root"
state = "$STATE/containerd/state"
[grpc]
  address = "$SOCKET"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$PAUSE_IMAGE"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$STATE/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      Root = "$STATE/containerd/runc"
EOT
  if ! running containerd; then
    # Without a single living shim (after a reboot), what the last containerd knew of its tasks is untrue.
    if [ -z "$(shim_pids)" ]; then
      unmount_below "$STATE/containerd/state"
      remove_shim_sockets
      rm -rf --one-file-system "$STATE/containerd/state" "$STATE/containerd/runc"
    fi
    rm -f "$SOCKET"
  fi
  start containerd containerd --config "$STATE/containerd.toml"
  eventually 30 cri_ready || { last_words containerd; die "containerd is not ready"; }
  if ! image_present "$PAUSE_IMAGE"; then
    flat_image "$STATE/pause.tar" "$PAUSE_IMAGE" '{"Entrypoint":["/pause"],"User":"65535:65535"}' -C "$BIN" pause
    containers images import "$STATE/pause.tar" >/dev/null
  fi
}

kubelet_up() {
  # The kubelet changes a few settings of the kernel; `down` puts them back.
  if [ ! -f "$STATE/tunables" ]; then
    (cd /proc/sys && for name in "${tunables[@]}"; do echo "$name $(cat "$name")"; done) >"$STATE/tunables.new"
    mv "$STATE/tunables.new" "$STATE/tunables"
  fi
  # Of the machine's own resolv.conf, pods get nothing: names are those of the cluster.
  : >"$STATE/resolv.conf"
  cat >"$STATE/kubelet.yaml" <<EOT
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $STATE/pki/ca.crt}}
authorization: {mode: Webhook}
cgroupDriver: cgroupfs
failSwapOn: false
nodeStatusUpdateFrequency: 1s # ready sooner
nodeStatusReportFrequency: 1m
evictionHard: {imagefs.available: "0%", nodefs.available: "0%", nodefs.inodesFree: "0%"}
imageGCHighThresholdPercent: 100
clusterDomain: cluster.local
clusterDNS: ["$NODE_IP"]
resolvConf: $STATE/resolv.conf
volumePluginDir: $STATE/volume-plugins
EOT
  start kubelet "$BIN/kubelet" --config "$STATE/kubelet.yaml" --kubeconfig "$STATE/node.kubeconfig" --hostname-override node1 \
    --node-ip "$NODE_IP" --container-runtime remote --container-runtime-endpoint "unix://$SOCKET" \
    --root-dir "$STATE/kubelet" --cert-dir "$STATE/kubelet-pki"
  # The limits of connection tracking belong to the whole machine: left alone.
  start kube-proxy "$BIN/kube-proxy" --kubeconfig "$KUBECONFIG_FILE" --hostname-override node1 --cluster-cidr "$POD_RANGE" \
    --proxy-mode iptables --conntrack-max-per-core 0 --conntrack-tcp-timeout-established 0 --conntrack-tcp-timeout-close-wait 0
}
