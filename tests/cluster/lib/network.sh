# shellcheck shell=bash disable=SC2034  # sourced; the names are used by the sourcing scripts
# All of the cluster lives in one network namespace, joined to the machine by one veth pair. Rules, bridges and ports of
# the cluster therefore never meet those of the machine, and go away with the namespace.

NETNS=$STATE/netns # not below /run/netns: `down` then knows it as ours, and no mount of the `ip` tool stays
HOST_LINK=ar-host NODE_LINK=ar-node
HOST_IP=10.99.0.2 NODE_IP=10.99.0.1
POD_RANGE=10.244.0.0/16 NODE_POD_RANGE=10.244.0.0/24
SERVICE_RANGE=10.96.0.0/16 KUBERNETES_IP=10.96.0.1

in_net() { nsenter --net="$NETNS" "$@"; }

network_up() {
  # After a reboot a plain file is left where the namespace was mounted.
  if ! in_net true 2>/dev/null; then
    umount "$NETNS" 2>/dev/null || true
    : >"$NETNS"
    unshare --net="$NETNS" true
  fi
  if ! in_net ip link show "$NODE_LINK" >/dev/null 2>&1; then
    ip link del "$HOST_LINK" 2>/dev/null || true
    ip link add "$HOST_LINK" type veth peer name "$NODE_LINK" netns "$NETNS"
  fi
  in_net ip link set lo up
  in_net ip addr replace "$NODE_IP/24" dev "$NODE_LINK"
  in_net ip link set "$NODE_LINK" up
  in_net sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
  # Replies between two pods of the bridge must pass the rules that rewrote the request for a Service.
  [ -d /proc/sys/net/bridge ] || modprobe br_netfilter || die "the kernel has no br_netfilter"
  in_net sh -c 'echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables'
  ip addr replace "$HOST_IP/24" dev "$HOST_LINK"
  ip link set "$HOST_LINK" up
  # Tests on this machine reach pods and Services directly.
  ip route replace "$POD_RANGE" via "$NODE_IP" dev "$HOST_LINK"
  ip route replace "$SERVICE_RANGE" via "$NODE_IP" dev "$HOST_LINK"
}

# The namespace itself goes with its mount and its last process.
network_down() { ip link del "$HOST_LINK" 2>/dev/null || true; }
